import type { Span } from "../diagnostics/diagnostic.js";
import { quoteText } from "../diagnostics/escape.js";
import { suggest } from "../diagnostics/suggest.js";
import { type Comment, commentsOf } from "./comments.js";
import type { SourceDocument } from "./node.js";
import type { Source } from "./source.js";

/** What can be wrong with a suppression, and how grave it is. Such findings cannot be suppressed. */
export const suppressionCodes = {
  /** `# smoltbot-ignore dead_rule` without `: reason`; it suppresses nothing. */
  suppression_without_reason: "warning",
  /** It names no code, or one that lint does not know. */
  suppression_unknown_code: "warning",
  /** It is not written as a suppression is, or stands where it cannot apply. */
  suppression_misplaced: "warning",
  /** Lint finds nothing there that it suppresses. */
  suppression_unused: "notice",
} as const;

export type SuppressionCode = keyof typeof suppressionCodes;

/** One code of one comment. */
export interface Suppression {
  readonly code: string;
  /** As written, trimmed, never empty. */
  readonly reason: string;
  /** The comment. */
  readonly span: Span;
  /** 1-based lines it speaks of; `file`: all. */
  readonly lines: ReadonlySet<number> | "file";
}

export interface SuppressionFault {
  readonly code: SuppressionCode;
  readonly span: Span;
  readonly message: string;
  readonly fix: string;
}

export interface Suppressions {
  readonly suppressions: readonly Suppression[];
  readonly faults: readonly SuppressionFault[];
}

const words = ["smoltbot-ignore", "smoltbot-ignore-file"];
const usage = "write `# smoltbot-ignore <code>: <reason>`";

/**
 * Reads the comments `# smoltbot-ignore <code>[, <code>]: <reason>`, at the end of a rule's line or alone above it, and
 * `# smoltbot-ignore-file <code>: <reason>` before the first key. Linear. JSON has no comments, hence no suppressions.
 */
export function readSuppressions(document: SourceDocument, knownCodes: readonly string[]): Suppressions {
  const suppressions: Suppression[] = [];
  const faults: SuppressionFault[] = [];
  const comments = commentsOf(document);
  const aloneLines = new Set(comments.filter(({ alone }) => alone).map(({ line }) => line));
  const lines = new Lines(document.source);
  for (const comment of comments) {
    const written = directiveOf(comment);
    if (written === undefined) continue;
    const span = document.source.span(comment.start, comment.end);
    const fault = (code: SuppressionCode, message: string, fix: string) => void faults.push({ code, span, message, fix });
    const wholeFile = written.word === "smoltbot-ignore-file";
    if (!words.includes(written.word)) {
      const meant = suggest(written.word, words) ?? words[0]!;
      fault("suppression_misplaced", `${quoteText(written.word, 40)} is no word of ours`, `did you mean \`${meant}\`?`);
    } else if (wholeFile && comment.start > document.root.start) {
      const fix = "move it above the first key, or write `smoltbot-ignore` at the rule";
      fault("suppression_misplaced", "`smoltbot-ignore-file` stands below the first key", fix);
    } else if (written.reason === "") {
      fault("suppression_without_reason", "the suppression gives no reason, so it does not count", `${usage}, and say why`);
    } else {
      const target = wholeFile ? ("file" as const) : targetLines(comment, aloneLines, lines);
      for (const code of written.codes) {
        if (knownCodes.includes(code)) suppressions.push({ code, reason: written.reason, span, lines: target });
        else unknownCode(code, knownCodes, fault);
      }
      if (written.codes.length === 0) fault("suppression_unknown_code", "the suppression names no code", usage);
    }
  }
  return { suppressions, faults };
}

function unknownCode(
  code: string,
  known: readonly string[],
  fault: (code: SuppressionCode, message: string, fix: string) => void,
): void {
  const meant = suggest(code, known);
  const fix = meant === undefined ? "use a code of docs/lint.md" : `did you mean \`${meant}\`?`;
  fault("suppression_unknown_code", `lint knows no code ${quoteText(code, 60)}`, fix);
}

interface Directive {
  readonly word: string;
  readonly codes: readonly string[];
  readonly reason: string;
}

/** Comments that begin with a word of ours, or nearly so; everything else is the author's own. */
function directiveOf({ text }: Comment): Directive | undefined {
  const trimmed = text.trimStart();
  if (!/^smoltbot[-_ ]?(?:ignor|disable|suppress|lint)/i.test(trimmed)) return undefined;
  const word = /^[^\s:,]+/.exec(trimmed)?.[0] ?? "";
  const rest = trimmed.slice(word.length);
  const colon = rest.indexOf(":");
  const codes = (colon === -1 ? rest : rest.slice(0, colon)).split(/[\s,]+/).filter((code) => code !== "");
  return { word, codes: [...new Set(codes)], reason: colon === -1 ? "" : rest.slice(colon + 1).trim() };
}

/** The comment's own line, or the line below the comments it stands among; a dash alone begins a rule on the next line. */
function targetLines(comment: Comment, aloneLines: ReadonlySet<number>, lines: Lines): ReadonlySet<number> {
  let line = comment.line;
  if (comment.alone) {
    while (aloneLines.has(line)) line++;
    if (lines.isBlank(line)) return new Set();
  }
  const target = new Set([line]);
  while (lines.isMarker(line)) target.add(++line);
  return target;
}

/** Lines of a source by 1-based number. */
class Lines {
  readonly #starts: number[] = [0];

  constructor(private readonly source: Source) {
    const { text } = source;
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) this.#starts.push(at + 1);
  }

  isBlank(line: number): boolean {
    return this.#content(line) === "";
  }

  /** A dash or a question mark whose content follows on a later line. */
  isMarker(line: number): boolean {
    const content = this.#content(line);
    return content === "-" || content === "?" || content.startsWith("- #") || content.startsWith("? #");
  }

  #content(line: number): string {
    const start = this.#starts[line - 1];
    if (start === undefined) return "";
    return this.source.text.slice(start, this.#starts[line] ?? this.source.text.length).trim();
  }
}
