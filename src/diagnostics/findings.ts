import { diagnosticsShownMax } from "../limits.js";
import { type Code, diagnostic, type Finding } from "./codes.js";
import type { Diagnostic } from "./diagnostic.js";

/** Errors, and other findings, kept until they are sorted; beyond it they are only counted, so a hostile file cannot fill the memory. */
const keptMax = 20 * diagnosticsShownMax;

/**
 * Collects the findings of one run over one input. `list` sorts them by place and shows the first 50, errors before
 * anything else, and closes with one `more_problems` that counts the rest (semantics D8).
 */
export class Findings {
  readonly #errors: Diagnostic[] = [];
  readonly #others: Diagnostic[] = [];
  #errorCount = 0;
  #otherCount = 0;
  #stopped = false;

  add(code: Code, finding: Finding): void {
    this.push(diagnostic(code, finding));
  }

  push(found: Diagnostic): void {
    if (found.level === "error") {
      if (this.#errorCount++ < keptMax) this.#errors.push(found);
    } else if (this.#otherCount++ < keptMax) this.#others.push(found);
  }

  /** So many errors that nobody reads a further one: `countErrors` is enough, or a reader may stop with `stopped`. */
  get isFull(): boolean {
    return this.#errorCount >= keptMax;
  }

  countErrors(count: number): void {
    this.#errorCount += count;
  }

  /** Notes that the input was not read to its end, so that the count is a lower bound. */
  stopped(): void {
    this.#stopped = true;
  }

  get hasErrors(): boolean {
    return this.#errorCount > 0;
  }

  list(): readonly Diagnostic[] {
    const shown = [...this.#errors.sort(byPlace), ...this.#others.sort(byPlace)].slice(0, diagnosticsShownMax).sort(byPlace);
    const errors = this.#errorCount - shown.filter((found) => found.level === "error").length;
    const others = this.#otherCount - shown.filter((found) => found.level !== "error").length;
    if (errors + others === 0) return shown;
    const parts = [];
    if (errors > 0) parts.push(`${errors} more ${errors === 1 ? "error" : "errors"}`);
    if (others > 0) parts.push(`${others} more ${others === 1 ? "warning or notice" : "warnings and notices"}`);
    const message = `${this.#stopped ? "at least " : ""}${parts.join(" and ")}`;
    return [...shown, diagnostic("more_problems", { message, level: errors > 0 ? "error" : "notice" })];
  }
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return (a.span?.line ?? 0) - (b.span?.line ?? 0) || (a.span?.column ?? 0) - (b.span?.column ?? 0);
}
