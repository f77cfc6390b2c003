import { type Code, diagnostic } from "../diagnostics/codes.js";
import type { Diagnostic, Span } from "../diagnostics/diagnostic.js";
import { quoteText } from "../diagnostics/escape.js";
import { diagnosticsShownMax } from "../limits.js";

/** What was wrong with the inputs. Bad lines are shown up to a cap and counted beyond it. */
export class FindingLog {
  private readonly findings: Diagnostic[] = [];
  private shown = 0;
  private hidden = 0;

  add(code: Code, message: string, span?: Span): void {
    this.findings.push(diagnostic(code, { message, ...(span === undefined ? {} : { span }) }));
  }

  note(finding: Diagnostic): void {
    this.findings.push(finding);
  }

  bad(finding: Diagnostic): void {
    if (this.shown++ < diagnosticsShownMax) this.findings.push(finding);
    else this.hidden++;
  }

  /** Files of a folder that look like traces and are not: one warning for all, so that nothing is passed over in silence. */
  strangers(folder: string, files: readonly string[]): void {
    if (files.length === 0) return;
    const first = quoteText(files[0]!, 200);
    const what =
      files.length === 1 ? `${first} below ${quoteText(folder)} is` : `${files.length} files below ${quoteText(folder)} are`;
    const message = `${what} of no trace format that is read here${files.length === 1 ? "" : `, such as ${first}`}`;
    this.findings.push(diagnostic("trace_format_unknown", { message, level: "warning" }));
  }

  finish(): readonly Diagnostic[] {
    if (this.hidden === 0) return this.findings;
    return [...this.findings, diagnostic("more_problems", { message: `${this.hidden} more bad lines of traces are not shown` })];
  }
}

/** A whole line of an input. */
export function lineSpan(file: string, line: number): Span {
  return { file, line, column: 1, endLine: line, endColumn: 1 };
}
