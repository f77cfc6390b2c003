import { csvRowLengthMax } from "../../limits.js";

export interface CsvSink {
  /** `line`: where the row begins. */
  row(cells: readonly string[], line: number): void;
  bad(line: number, message: string): void;
}

/** Puts lines together to rows of cells (RFC 4180). Linear; holds one row. Blank lines between rows are no rows. */
export class CsvRows {
  private cells: string[] = [];
  /** The quoted cell that goes on over lines. */
  private open: string | undefined;
  private length = 0;
  private startLine = 0;
  private lastLine = 0;

  constructor(
    private readonly separator: string,
    private readonly sink: CsvSink,
  ) {}

  push(text: string, line: number): void {
    if (this.open === undefined) {
      if (text === "") return;
      this.startLine = line;
    } else {
      // Blank lines are no records of their own, but inside a quoted cell they are part of it.
      const ends = Math.min(line - this.lastLine, csvRowLengthMax);
      this.open += "\n".repeat(ends);
      this.length += ends;
    }
    this.lastLine = line;
    this.length += text.length;
    if (this.length > csvRowLengthMax) {
      const cause = this.open === undefined ? "the row is too long" : "a quoted cell is not closed";
      this.sink.bad(this.startLine, cause);
      this.forget();
      return;
    }
    this.readLine(text);
  }

  end(): void {
    if (this.open !== undefined) this.sink.bad(this.startLine, "a quoted cell is not closed");
    this.forget();
  }

  private readLine(text: string): void {
    let at = 0;
    for (;;) {
      if (this.open !== undefined || text[at] === '"') {
        if (this.open === undefined) at++;
        const end = this.readQuoted(text, at);
        if (end === -1) return;
        at = end;
        if (at < text.length && text[at] !== this.separator) {
          this.sink.bad(this.startLine, "text follows the closing quote of a cell");
          this.forget();
          return;
        }
      } else {
        const next = text.indexOf(this.separator, at);
        this.cells.push(text.slice(at, next === -1 ? text.length : next));
        at = next === -1 ? text.length : next;
      }
      if (at >= text.length) break;
      at++;
    }
    this.sink.row(this.cells, this.startLine);
    this.forget();
  }

  /** From inside a quoted cell to behind its closing quote; -1: it goes on in the next line. */
  private readQuoted(text: string, from: number): number {
    let cell = this.open ?? "";
    for (let at = from; ; ) {
      const quote = text.indexOf('"', at);
      if (quote === -1) {
        this.open = cell + text.slice(at);
        return -1;
      }
      cell += text.slice(at, quote);
      if (text[quote + 1] !== '"') {
        this.open = undefined;
        this.cells.push(cell);
        return quote + 1;
      }
      cell += '"';
      at = quote + 2;
    }
  }

  private forget(): void {
    this.cells = [];
    this.open = undefined;
    this.length = 0;
  }
}
