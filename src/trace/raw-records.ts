import { decodeUtf8 } from "./bytes.js";
import type { RawRecord } from "./reader.js";

/** A record of JSON, parsed at most once. */
export class OneRecord implements RawRecord {
  private value: unknown;
  private tried = false;

  constructor(
    readonly bytes: Uint8Array,
    readonly line: number,
    readonly cut: boolean,
    private readonly onBad: (record: OneRecord, error: unknown) => void,
  ) {}

  parse(): unknown {
    if (this.tried) return this.value;
    this.tried = true;
    try {
      this.value = JSON.parse(decodeUtf8(this.bytes));
    } catch (error) {
      this.onBad(this, error);
    }
    return this.value;
  }
}

/** A line of text. */
export class TextRecord implements RawRecord {
  constructor(
    readonly bytes: Uint8Array,
    readonly line: number,
  ) {}

  parse(): string {
    return decodeUtf8(this.bytes);
  }
}

/** Lines between the start of a record and the place where the parser gave up, as far as the parser tells. */
export function lineOfError(bytes: Uint8Array, error: unknown): number {
  const match = / at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(error instanceof Error ? error.message : "");
  if (match === null) return 0;
  return decodeUtf8(bytes).slice(0, Number(match[1])).split("\n").length - 1;
}
