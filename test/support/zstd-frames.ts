/** Zstandard frames without a compressor: one that the reference program made, and frames of plain blocks made here. */

/** What `packedEvents` holds: plain events. */
export const eventsText = Array.from(
  { length: 120 },
  (_, i) => `${JSON.stringify({ tool: `tool_${i % 7}`, session_id: `s${i % 3}`, call_id: `c${i}` })}\n`,
).join("");

/** `zstd -19` of `eventsText`, with size and checksum. */
export const packedEvents = Buffer.from(
  "KLUv/WRqF0UMADaZNReAK2kOqtXBsN+HkfgiNRERIlUOYgCpEDoAKwAtAO39mHbrac6V7/zy5djRbRaLSvMIpe0P8CBYIBISCApEgCCDEBAGCA" +
    "MKCwgMDAcMIkBwQEAkLCw0CIcUaumJpN48hjatmYYzlbnDp5xPOKQml5CkI4uw0mUKrx3dymqpTylt+yUDNlijNJ5BGe34QY6ePYxmLZuMYxW7" +
    "xq20rziqVleRqlNLsdVrFo86aCMWleihAA/ivv/z+z+///PL5+Tlc/LyOXn5dxxXu+tI17nl2Os3jzc6xgGA+qgRIPY07G+wk6SyBhJIEPh+QU" +
    "r4vx9AJztscl4m67jknUrWmeSdSN71yHuNvLPIeoms65D3CnlnkHUCWc8f6/Xx3h7v5bHiOI+xnEdxltNYzmI8y1GcZzGW8yjOchrLWYxnOYrz" +
    "LMZyHsVZTmM5i/EsR3GexVjOozjLaSxnMZ7lKM4zzVtHuH2k7SNsH1nrCLWPpH3MpQnLqiK+I5laoneUUi5hieJfGqASwKoB2xcZ+A==",
  "base64",
);

/** A frame that needs a dictionary. */
export const withDictionary = Buffer.from("KLUv/WfoDtMnkAAFAQDjAAI+Z/Nt19MCCgjwoQ9RlxT5iJPI0hM9/aJRm0TQAhV3s9o=", "base64");

export const skippable = Buffer.from([0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

/** Magic, no size and no checksum, a window of 128 KiB. */
const frameHeader = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3]);

/** A frame of uncompressed blocks. */
export function storedFrame(content: Uint8Array, blockBytes = 1000): Buffer {
  const parts: Buffer[] = [frameHeader];
  for (let at = 0; at === 0 || at < content.length; at += blockBytes) {
    const block = content.subarray(at, at + blockBytes);
    parts.push(blockHeader(at + blockBytes >= content.length, 0, block.length), Buffer.from(block));
  }
  return Buffer.concat(parts);
}

/** A frame that says the same byte `blocks` times 128 KiB, four bytes each. */
export function repeatingFrame(byte: number, blocks: number): Buffer {
  const block = (last: boolean) => Buffer.concat([blockHeader(last, 1, 128 * 1024), Buffer.from([byte])]);
  return Buffer.concat([frameHeader, ...Array.from({ length: blocks }, (_, i) => block(i === blocks - 1))]);
}

function blockHeader(last: boolean, type: number, size: number): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE((size << 3) | (type << 1) | (last ? 1 : 0), 0, 3);
  return header;
}
