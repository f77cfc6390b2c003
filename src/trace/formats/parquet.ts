import type { AsyncBuffer, ParquetParsers, ParquetScan } from "hyparquet";
import { quoteText } from "../../diagnostics/escape.js";
import { parquetRowsMax } from "../../limits.js";
import { decodeUtf8 } from "../bytes.js";
import { asObject, type JsonObject } from "../json.js";
import type { BlobFormat, BlobSource, InputMeta, TraceSink } from "../reader.js";
import { isWrapper } from "../unwrap.js";
import { layoutOf, type TableLayout } from "./parquet-layouts.js";

/**
 * Parquet files with a call, an observation (Langfuse) or a run (LangSmith) a row. Only needed columns are read, a row
 * group at a time. Lines are rows, from 1. Every compression of hyparquet-compressors is read; encrypted files are not.
 */
export const parquet: BlobFormat = {
  id: "parquet",
  title: "Parquet table of tool calls",
  detect: (head) => (["PAR1", "PARE"].includes(decodeUtf8(head, 0, 4)) ? 1 : 0),
  read: (blob, input, sink) => new ParquetReading(blob, input, sink).run(),
};

/** Rows [from, to) of the file. */
interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** Text as it stands: the default parsers drop a byte order mark, and fail a whole column for one cell of bad JSON. */
const parsers: Partial<ParquetParsers> = {
  stringFromBytes: (bytes: Uint8Array | undefined) => bytes && decodeUtf8(bytes),
  jsonFromBytes: (bytes: Uint8Array | undefined) => bytes && decodeUtf8(bytes),
};

class ParquetReading {
  /** Set when the file itself could not be read, which is not the content's fault. */
  private failure: { readonly error: unknown } | undefined;
  private readonly file: AsyncBuffer;

  constructor(
    blob: BlobSource,
    private readonly input: InputMeta,
    private readonly sink: TraceSink,
  ) {
    this.file = {
      byteLength: blob.byteLength,
      slice: async (from, to = blob.byteLength) => {
        try {
          const bytes = await blob.slice(from, Math.min(to, blob.byteLength));
          return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
        } catch (error) {
          this.failure ??= { error };
          throw error;
        }
      },
    };
  }

  async run(): Promise<void> {
    const { parquetMetadataAsync, parquetScan, parquetSchema } = await import("hyparquet");
    const { file } = this;
    const metadata = await this.attempt(() => parquetMetadataAsync(file, { parsers, geoparquet: false }));
    if (metadata === undefined) {
      this.sink.bad(1, "the footer of the Parquet file is damaged or encrypted");
      return;
    }
    const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
    const layout = layoutOf(columns, this.input, this.sink);
    if (layout === undefined) {
      const names = columns.slice(0, 12).map((name) => quoteText(name, 40));
      this.sink.bad(1, `no column holds tool names; there are ${names.join(", ")}${columns.length > 12 ? ", ..." : ""}`);
      return;
    }
    const { compressors } = await import("hyparquet-compressors");
    const scan = await this.attempt(() => parquetScan({ file, metadata, compressors, parsers, geoparquet: false }));
    if (scan === undefined) this.sink.bad(1, "the index of the Parquet file is damaged");
    for (const range of scan === undefined ? [] : rangesOf(scan)) await this.readRange(scan!, layout, range);
    layout.end();
  }

  private async readRange(scan: ParquetScan, layout: TableLayout, range: RowRange): Promise<void> {
    const done = await this.attempt(async () => {
      const cells = new Map<string, ArrayLike<unknown>>();
      const read = async (column: string) => {
        const found = await scan.readColumn({ column, rowStart: range.from, rowEnd: range.to });
        if (found.length !== range.to - range.from) throw new RangeError("a column is not as long as its row group");
        cells.set(column, found);
      };
      for (const column of layout.columns) await read(column);
      const wraps = holdsWrapper(cells.get(layout.toolColumn));
      // Arguments are large and looked at only to see through wrappers.
      for (const column of wraps ? layout.argumentColumns : []) await read(column);
      return cells;
    });
    if (done === undefined) {
      this.sink.bad(
        range.from + 1,
        `rows ${range.from + 1} to ${range.to} are damaged, or stored in a way that is not read here`,
      );
      return;
    }
    const columns = [...done];
    for (let row = range.from; row < range.to; row++) {
      // Without a prototype, so that no name of a column means anything.
      const record = Object.create(null) as Record<string, unknown>;
      for (const [column, cells] of columns) record[column] = plain(cells[row - range.from]);
      layout.read(record, row + 1);
    }
  }

  /** undefined: the content is at fault. @throws what reading the file itself threw. */
  private async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch {
      if (this.failure !== undefined) throw this.failure.error;
      return undefined;
    }
  }
}

function rangesOf(scan: ParquetScan): readonly RowRange[] {
  const ranges: RowRange[] = [];
  for (const { rowStart, rowEnd } of scan.ranges) {
    for (let from = rowStart; from < rowEnd; from += parquetRowsMax) {
      ranges.push({ from, to: Math.min(from + parquetRowsMax, rowEnd) });
    }
  }
  return ranges;
}

function holdsWrapper(tools: ArrayLike<unknown> | undefined): boolean {
  for (let i = 0; i < (tools?.length ?? 0); i++) {
    const tool = tools![i];
    if (typeof tool === "string" && isWrapper(tool)) return true;
  }
  return false;
}

/** Cells as a JSON reader would have them; whole numbers of 64 bits as text, so that none is rounded. */
function plain(value: unknown): unknown {
  if (typeof value === "string" || typeof value === "number" || value === null) return value;
  if (typeof value === "bigint") return String(value);
  if (value instanceof Date) return plainTime(value);
  if (value instanceof Uint8Array) return decodeUtf8(value);
  if (Array.isArray(value)) return value.map(plain);
  const record: JsonObject | undefined = asObject(value);
  return record === undefined ? value : Object.fromEntries(Object.entries(record).map(([key, each]) => [key, plain(each)]));
}

/** Milliseconds, or ISO text where a number could be taken for another unit (before 1973 and after 5138). */
function plainTime(date: Date): number | string | undefined {
  const timeMs = date.getTime();
  if (timeMs >= 1e11 && timeMs < 1e14) return timeMs;
  return Number.isNaN(timeMs) ? undefined : date.toISOString();
}
