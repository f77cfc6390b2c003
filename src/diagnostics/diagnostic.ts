/** A place in a source text. Lines and columns are 1-based; columns count UTF-16 code units, the end is exclusive. */
export interface Span {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export type Level = "error" | "warning" | "notice";

/** One finding about some input: a stable code, a place, what is wrong, what to do. */
export interface Diagnostic {
  readonly code: string;
  readonly level: Level;
  /** Absent only where there is no place, for example a file that cannot be read. */
  readonly span?: Span;
  /** Where in the document, such as `forbidden[2].severity`; empty for the whole. */
  readonly path: string;
  /** Lower case, no full stop, user text in backquotes and escaped. */
  readonly message: string;
  /** Further lines for people: what shows it, what else it is about. Escaped. */
  readonly notes?: readonly string[];
  /** One sentence on what to do. */
  readonly fix: string;
}

/** The answer of every parser: a value, or diagnostics with at least one error, or a value with warnings. */
export interface Parsed<T> {
  readonly value?: T;
  readonly diagnostics: readonly Diagnostic[];
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((d) => d.level === "error");
}
