import type { FieldNames, InputMeta, Probe, RawRecord, RecordReader, TraceFormat, TraceSink } from "../reader.js";
import { CsvRows } from "./csv-rows.js";
import { EventRules, eventKeys } from "./events.js";

/**
 * Tables of tool calls, a call a row, with the columns of plain events in any order. RFC 4180: quoted cells may hold
 * separators, quotes and line ends. The separator is a comma, a semicolon or a tab, whichever the header shows.
 */
export const csv: TraceFormat = {
  id: "csv",
  title: "CSV table of tool calls",
  detect,
  open: (input, sink) => new CsvReader(input, sink),
};

const separators = [",", ";", "\t"] as const;

function detect(probe: Probe): number {
  const first = probe.records[0];
  if (probe.framing !== "text" || typeof first !== "string") return 0;
  const lines = probe.records.filter((line) => typeof line === "string").slice(0, 2);
  const { header } = headerOf(lines, probe.fields);
  return header !== undefined && header.length > 1 ? (probe.fields?.tool === undefined ? 0.6 : 0.95) : 0;
}

interface Header {
  readonly separator: string;
  /** Keys of a plain event, one a column; undefined: no line has a column with tool names. */
  readonly header: readonly string[] | undefined;
}

/** Spreadsheets may write `sep=;` above the header. */
const separatorLine = /^"?sep=(.)"?$/i;

function headerOf(lines: readonly string[], fields: FieldNames | undefined): Header {
  const told = separatorLine.exec(lines[0] ?? "")?.[1];
  const line = (told === undefined ? lines[0] : lines[1]) ?? "";
  for (const separator of told === undefined ? separators : [told]) {
    const header = columnKeys(cellsOf(line, separator), fields);
    if (eventKeys(fields).tool.some((key) => header.includes(key))) return { separator, header };
  }
  return { separator: told ?? ",", header: undefined };
}

/** Names of columns as keys of events: as they stand, else without regard to case, blanks and dashes (`Tool Name`). */
export function columnKeys(columns: readonly string[], fields: FieldNames | undefined): readonly string[] {
  const keys = Object.values(eventKeys(fields)).flat();
  return columns.map((column) => {
    const plain = plainName(column);
    return keys.find((key) => key === column) ?? keys.find((key) => plainName(key) === plain) ?? column;
  });
}

function plainName(name: string): string {
  return name.trim().toLowerCase().replaceAll(/[ -]/g, "_");
}

function cellsOf(line: string, separator: string): readonly string[] {
  let found: readonly string[] = [];
  const rows = new CsvRows(separator, {
    row: (cells) => {
      found = cells;
    },
    bad: () => {},
  });
  rows.push(line, 1);
  rows.end();
  return found;
}

class CsvReader implements RecordReader {
  private readonly rules: EventRules;
  private readonly head: string[] = [];
  private header: readonly string[] | undefined;
  private rows: CsvRows | undefined;
  private refused = false;

  constructor(
    private readonly input: InputMeta,
    private readonly sink: TraceSink,
  ) {
    this.rules = new EventRules(input, sink);
  }

  push(raw: RawRecord): void {
    const line = raw.parse();
    if (typeof line !== "string" || this.refused) return;
    if (this.rows !== undefined) {
      this.rows.push(line, raw.line);
      return;
    }
    this.head.push(line);
    if (this.head.length === 1 && separatorLine.test(line)) return;
    const { separator, header } = headerOf(this.head, this.input.fields);
    if (header === undefined) {
      this.refused = true;
      this.sink.bad(raw.line, "the header of the table names no column with tool names");
      return;
    }
    this.header = header;
    this.rows = new CsvRows(separator, {
      row: (cells, at) => this.readRow(cells, at),
      bad: (at, message) => this.sink.bad(at, message),
    });
  }

  end(): void {
    this.rows?.end();
  }

  /** An empty cell is no value. Of columns with one meaning the first that is filled counts. */
  private readRow(cells: readonly string[], line: number): void {
    const header = this.header!;
    if (cells.length !== header.length) {
      this.sink.bad(line, `the row has ${cells.length} cells, the header ${header.length}`);
      return;
    }
    // Without a prototype, so that no name of a column means anything.
    const row = Object.create(null) as Record<string, string>;
    for (let at = 0; at < header.length; at++) if (cells[at] !== "") row[header[at]!] ??= cells[at]!;
    this.rules.read(row, line);
  }
}
