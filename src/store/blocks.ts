import { storeBlockRows } from "../limits.js";

/** Rows in blocks of at most `size`: one statement each. */
export function* blocksOf<T>(rows: readonly T[], size: number = storeBlockRows): Generator<readonly T[]> {
  for (let at = 0; at < rows.length; at += size) yield rows.slice(at, at + size);
}

/** SQLite answers on this thread, without a pause: whoever asks for many blocks lets others have their turn in between. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
