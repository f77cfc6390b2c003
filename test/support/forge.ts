import { crc32 } from "../../src/artifact/digest.js";
import { HEADER_CRC, HEADER_SECTIONS } from "../../src/artifact/layout.js";

/** A copy with words written into it and the checksum made to fit, as a forger would. */
export function forge(bytes: Uint8Array, edit: (view: DataView, copy: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  edit(view, copy);
  view.setUint32(HEADER_CRC, 0, true);
  view.setUint32(HEADER_CRC, crc32(copy), true);
  return copy;
}

export function sectionAt(bytes: Uint8Array, section: number): { offset: number; size: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const at = HEADER_SECTIONS + section * 8;
  return { offset: view.getUint32(at, true), size: view.getUint32(at + 4, true) };
}
