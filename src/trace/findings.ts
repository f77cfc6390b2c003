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

  /** Files of a folder that are JSON but no trace: one warning for all of them, so that nothing is passed over in silence. */
  strangers(folder: string, files: readonly string[]): void {
    if (files.length === 0) return;
    const count = files.length === 1 ? "one file" : `${files.length} files`;
    const message = `${count} below ${quoteText(folder)} hold JSON of no trace format that is read here, such as ${quoteText(files[0]!, 200)}`;
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
