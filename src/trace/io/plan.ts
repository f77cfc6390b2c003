import { rangeBytesMax } from "../../limits.js";
import { type LineRange, lineRanges, probeLines } from "./read-range.js";
import type { ReadConfig } from "./read-source.js";
import type { FileSource, StreamSource, WalkStep } from "./walk.js";

/** What reading does one after the other. Ranges of one file follow one another, the last one marked. */
export type Part =
  | { readonly kind: "step"; readonly step: Exclude<WalkStep, FileSource | StreamSource> }
  | { readonly kind: "stream"; readonly source: StreamSource }
  | { readonly kind: "file"; readonly source: FileSource }
  | { readonly kind: "range"; readonly source: FileSource; readonly range: LineRange; readonly isLast: boolean };

export interface Division {
  /** 0 when everything is read on this thread. */
  readonly threads: number;
  /** Shorter files are not divided, and ranges are not shorter. */
  readonly rangeBytesMin: number;
}

/** The parts of all inputs, in order. A file is looked into when it is its turn. */
export async function* partsOf(steps: readonly WalkStep[], config: ReadConfig, division: Division): AsyncGenerator<Part> {
  for (const step of steps) {
    if (step.kind === "file") yield* fileParts(step, config, division);
    else if (step.kind === "stream") yield { kind: "stream", source: step };
    else yield { kind: "step", step };
  }
}

async function* fileParts(source: FileSource, config: ReadConfig, division: Division): AsyncGenerator<Part> {
  const { path, bytes = 0 } = source;
  const lines = bytes < division.rangeBytesMin ? undefined : await probeLines(path, config);
  if (lines === undefined) {
    yield { kind: "file", source };
    return;
  }
  let held: LineRange | undefined;
  for await (const range of lineRanges(path, lines.format, lines.from, bytes, rangeBytesFor(bytes, division))) {
    if (held !== undefined) yield { kind: "range", source, range: held, isLast: false };
    held = range;
  }
  if (held !== undefined) yield { kind: "range", source, range: held, isLast: true };
}

/** Each range tells its names anew, so there are few of them; but enough that no thread waits long for the others. */
function rangeBytesFor(bytes: number, { threads, rangeBytesMin }: Division): number {
  if (threads === 0) return Number.POSITIVE_INFINITY;
  return Math.min(rangeBytesMax, Math.max(rangeBytesMin, Math.ceil(bytes / (threads * rangesPerThread))));
}

const rangesPerThread = 4;
