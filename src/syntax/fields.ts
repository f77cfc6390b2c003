import type { Span } from "../diagnostics/diagnostic.js";
import { isUnseen, quoteText } from "../diagnostics/escape.js";
import type { Findings } from "../diagnostics/findings.js";
import { parseGlob } from "../glob/parse.js";
import { textBytesMax } from "../limits.js";
import type { GlobRef } from "../policy/model.js";
import { globFinding } from "./condition.js";
import { type DocumentNode, nodeSpan, type PathStep, pathText, type ScalarNode, textOf } from "./node.js";
import { type Source, utf8Length } from "./source.js";

/** Checks of single values that a schema cannot express. Values of the wrong type were reported by the schema and are passed over. */
export class Fields {
  constructor(
    readonly source: Source,
    readonly findings: Findings,
  ) {}

  span(node: { start: number; end: number }): Span {
    return nodeSpan(this.source, node);
  }

  /** A text within the cap, or nothing. */
  text(node: DocumentNode | undefined, path: readonly PathStep[]): string | undefined {
    const text = textOf(node);
    if (text === undefined || node === undefined) return undefined;
    return this.fits(text, this.span(node), path) ? text : undefined;
  }

  fits(text: string, span: Span, path: readonly PathStep[]): boolean {
    if (text.length * 3 <= textBytesMax || utf8Length(text) <= textBytesMax) return true;
    this.findings.add("text_too_long", { message: `the text has more than ${textBytesMax} bytes`, path: pathText(path), span });
    return false;
  }

  /** A text that says something. */
  name(node: DocumentNode | undefined, path: readonly PathStep[], what: string): string | undefined {
    const text = this.text(node, path);
    if (text === undefined || node === undefined) return undefined;
    return this.notBlank(text, this.span(node), path, what) ? text : undefined;
  }

  notBlank(text: string, span: Span, path: readonly PathStep[], what: string): boolean {
    if (text.trim() !== "") return true;
    this.findings.add("blank_text", { message: `${what} is blank`, path: pathText(path), span });
    return false;
  }

  /** A reason may be blank, but deserves a warning. */
  reason(node: DocumentNode | undefined, path: readonly PathStep[]): string | undefined {
    const text = this.text(node, path);
    if (text !== undefined && node !== undefined && text.trim() === "") {
      this.findings.add("blank_reason", { message: "the reason is blank", path: pathText(path), span: this.span(node) });
    }
    return text;
  }

  glob(node: DocumentNode | undefined, path: readonly PathStep[]): GlobRef | undefined {
    const text = textOf(node);
    if (text === undefined || node === undefined) return undefined;
    const span = this.span(node);
    const glob = parseGlob(text);
    if (typeof glob === "string") {
      this.findings.add(globFinding(glob, text).code, { message: globFinding(glob, text).message, path: pathText(path), span });
      return undefined;
    }
    this.unusual(glob.source, span, path);
    return { glob, span };
  }

  /** A notice for characters that look like others, or like nothing (semantics G2). */
  unusual(text: string, span: Span, path: readonly PathStep[]): void {
    const found = unusualCharacters(text);
    if (found.length === 0) return;
    const unseen = found.some(isUnseen) ? ", some of them invisible" : "";
    const listed = found.slice(0, 4).map((point) => `U+${point.toString(16).toUpperCase().padStart(4, "0")}`);
    const message = `${quoteText(text)} holds characters outside ASCII${unseen}: ${listed.join(", ")}${found.length > 4 ? ", ..." : ""}`;
    this.findings.add("glob_unusual_characters", { message, path: pathText(path), span });
  }

  /** The place of `[start, end)` of a text value, exact where the text stands in the source as it is, else the whole value. */
  innerSpan(node: ScalarNode, start: number, end: number): Span {
    const value = String(node.value);
    const first = node.plain ? node.start : node.start + 1;
    if (this.source.text.startsWith(value, first) && !value.includes("\n")) return this.source.span(first + start, first + end);
    return this.span(node);
  }
}

function unusualCharacters(text: string): readonly number[] {
  const found = new Set<number>();
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x20 && unit < 0x7f) continue;
    const point = text.codePointAt(i) as number;
    if (point > 0xffff) i++;
    found.add(point);
  }
  return [...found];
}
