import {
  PARALLEL_GLOB_BYTES,
  PARALLEL_GROUP_BYTES,
  PARALLEL_HEAD_BYTES,
  PARALLEL_WIDTH,
  VECTOR_BYTES,
} from "../artifact/layout.js";
import { ANY, STAR } from "../glob/parse.js";
import type { ByteGlob } from "./byte-glob.js";

/** Byte classes of a block: each literal byte alone, the other first bytes, the other continuation bytes. */
function blockClasses(globs: readonly ByteGlob[]): { classes: Uint8Array; count: number; continuation: boolean[] } {
  const literal = new Set<number>();
  for (const glob of globs) for (const token of glob.tokens) if (token >= 0) literal.add(token);
  const classes = new Uint8Array(256);
  const continuation: boolean[] = [];
  let count = 0;
  for (const byte of [...literal].sort((a, b) => a - b)) {
    classes[byte] = count++;
    continuation.push((byte & 0xc0) === 0x80);
  }
  for (const isContinuation of [false, true]) {
    let used = false;
    for (let byte = 0; byte < 256; byte++) {
      if (literal.has(byte) || ((byte & 0xc0) === 0x80) !== isContinuation) continue;
      classes[byte] = count;
      used = true;
    }
    if (used) {
      count++;
      continuation.push(isContinuation);
    }
  }
  return { classes, count, continuation };
}

/** Bytes of a block that holds globs of these token counts, ascending. */
export function parallelBytes(tokenCounts: readonly number[], classCount: number): number {
  let vectors = 0;
  for (let i = 0; i < tokenCounts.length; i += PARALLEL_WIDTH) {
    vectors += tokenCounts[Math.min(i + PARALLEL_WIDTH, tokenCounts.length) - 1];
  }
  const groups = Math.ceil(tokenCounts.length / PARALLEL_WIDTH);
  return (
    PARALLEL_HEAD_BYTES +
    256 +
    groups * (PARALLEL_GROUP_BYTES + PARALLEL_WIDTH * PARALLEL_GLOB_BYTES + 2 * VECTOR_BYTES) +
    vectors * VECTOR_BYTES * (3 + classCount)
  );
}

/** Lays out one bit-parallel block (FORMAT.md). Globs with at least one token other than `*`. */
export function buildParallelBlock(unsorted: readonly ByteGlob[]): Uint8Array {
  const globs = [...unsorted].sort((a, b) => a.nameBytesMin - b.nameBytesMin || a.id - b.id);
  const { classes, count: classCount, continuation } = blockClasses(globs);
  const groupCount = Math.ceil(globs.length / PARALLEL_WIDTH);
  const bytes = new Uint8Array(
    parallelBytes(
      globs.map((g) => g.nameBytesMin),
      classCount,
    ),
  );
  const words = new Uint32Array(bytes.buffer);
  let vectorCount = 0;
  for (let g = 0; g < groupCount; g++) vectorCount += lastOf(globs, g).nameBytesMin;
  words.set([groupCount, vectorCount, classCount, globs.length]);
  let offset = PARALLEL_HEAD_BYTES;
  const take = (size: number) => {
    const at = offset;
    offset += size;
    return at;
  };
  bytes.set(classes, take(256));
  const groupsAt = take(groupCount * PARALLEL_GROUP_BYTES);
  const globsAt = take(groupCount * PARALLEL_WIDTH * PARALLEL_GLOB_BYTES);
  const firstAt = take(groupCount * VECTOR_BYTES);
  const restartAt = take(groupCount * VECTOR_BYTES);
  const loopAt = take(vectorCount * VECTOR_BYTES);
  const loopMoreAt = take(vectorCount * VECTOR_BYTES);
  const acceptAt = take(vectorCount * VECTOR_BYTES);
  const masksAt = take(classCount * vectorCount * VECTOR_BYTES);
  const set = (arrayAt: number, vector: number, bit: number) => {
    bytes[arrayAt + vector * VECTOR_BYTES + (bit >> 3)] |= 1 << (bit & 7);
  };

  let vectorStart = 0;
  for (let g = 0; g < groupCount; g++) {
    const start = g * PARALLEL_WIDTH;
    const length = lastOf(globs, g).nameBytesMin;
    words.set([vectorStart, length, globs[start].nameBytesMin, start], (groupsAt + g * PARALLEL_GROUP_BYTES) / 4);
    for (let bit = 0; bit < PARALLEL_WIDTH && start + bit < globs.length; bit++) {
      const glob = globs[start + bit];
      words.set([glob.id, glob.row], (globsAt + (start + bit) * PARALLEL_GLOB_BYTES) / 4);
      set(firstAt, g, bit);
      if (glob.tokens[0] === STAR) set(restartAt, g, bit);
      let v = vectorStart;
      for (let t = 0; t < glob.tokens.length; t++) {
        const token = glob.tokens[t];
        if (token === STAR) continue;
        const staying = glob.tokens[t + 1] === STAR;
        if (staying) set(loopAt, v, bit);
        if (staying || token === ANY) set(loopMoreAt, v, bit);
        if (token === ANY) {
          for (let k = 0; k < classCount; k++) if (!continuation[k]) set(masksAt + k * vectorCount * VECTOR_BYTES, v, bit);
        } else set(masksAt + classes[token] * vectorCount * VECTOR_BYTES, v, bit);
        v++;
      }
      set(acceptAt, v - 1, bit);
    }
    vectorStart += length;
  }
  return bytes;
}

function lastOf(globs: readonly ByteGlob[], group: number): ByteGlob {
  return globs[Math.min((group + 1) * PARALLEL_WIDTH, globs.length) - 1];
}
