import { HEADER_SECTIONS } from "./layout.js";

/**
 * Views of one section of a checked artifact. `file` starts at a multiple of 8 in its buffer, as decode leaves it.
 * Words are in the byte order of the machine; every platform with typed arrays in use today is little-endian.
 */
export function sectionBytes(file: Uint8Array, section: number): Uint8Array {
  const { offset, size } = sectionRange(file, section);
  return file.subarray(offset, offset + size);
}

export function sectionWords(file: Uint8Array, section: number): Uint32Array {
  const { offset, size } = sectionRange(file, section);
  return new Uint32Array(file.buffer, file.byteOffset + offset, size >>> 2);
}

/** The same bits, signed: V8 keeps these in integer registers, where unsigned words may become doubles. */
export function sectionInts(file: Uint8Array, section: number): Int32Array {
  const { offset, size } = sectionRange(file, section);
  return new Int32Array(file.buffer, file.byteOffset + offset, size >>> 2);
}

export function sectionRange(file: Uint8Array, section: number): { offset: number; size: number } {
  const at = HEADER_SECTIONS + section * 8;
  return { offset: wordAt(file, at), size: wordAt(file, at + 4) };
}

export function wordAt(file: Uint8Array, at: number): number {
  return (file[at] | (file[at + 1] << 8) | (file[at + 2] << 16) | (file[at + 3] << 24)) >>> 0;
}

export function doubleAt(file: Uint8Array, at: number): number {
  return new DataView(file.buffer, file.byteOffset, file.byteLength).getFloat64(at, true);
}

/** Records of each section that lanes and tables refer to. */
export interface Counts {
  readonly strings: number;
  readonly rows: number;
  readonly globs: number;
  readonly forbidden: number;
  readonly triggers: number;
  readonly capabilities: number;
}
