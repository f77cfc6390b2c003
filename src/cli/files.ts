import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { quoteText } from "../diagnostics/escape.js";
import { artifactBytesMax } from "../limits.js";
import { failure } from "./failure.js";

/** The bytes of one named file. Throws a CommandFailure that says what is wrong with the path. */
export function readNamedFile(path: string, what: string): Uint8Array {
  const shown = quoteText(path, 400);
  let bytes: Uint8Array | undefined;
  try {
    bytes = readBounded(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") throw failure("file_not_found", `${what} ${shown} does not exist`);
    if (code === "EISDIR") throw failure("file_is_folder", `${what} ${shown} is a folder`);
    if (code === undefined) throw error;
    throw failure("file_unreadable", `${what} ${shown} cannot be read (${code})`);
  }
  if (bytes === undefined) throw failure("file_too_large", `${what} ${shown} is larger than ${artifactBytesMax} bytes`);
  return bytes;
}

/** The whole file, or undefined when it is larger than anything a command takes by name; a device may never end. */
function readBounded(path: string): Uint8Array | undefined {
  const file = openSync(path, "r");
  try {
    const found = fstatSync(file);
    if (found.size > artifactBytesMax) return undefined;
    if (found.isFile() || found.isDirectory()) return readFileSync(file);
    const parts: Uint8Array[] = [];
    for (let bytes = 0; bytes <= artifactBytesMax; ) {
      const part = Buffer.alloc(64 * 1024);
      const read = readSync(file, part);
      if (read === 0) return Buffer.concat(parts);
      parts.push(part.subarray(0, read));
      bytes += read;
    }
    return undefined;
  } finally {
    closeSync(file);
  }
}

export function exists(path: string): boolean {
  return foundAt(path) !== undefined;
}

/** What a path leads to, or undefined. @throws CommandFailure where the system does not tell, such as for a link to itself. */
export function foundAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // No file has such a name.
    if (code === "ENAMETOOLONG" || code === "ERR_INVALID_ARG_VALUE") return undefined;
    throw failure("file_unreadable", `${quoteText(path, 400)} cannot be read (${code ?? "unknown error"})`);
  }
}

/**
 * Writes beside the target and renames, so that a reader sees the old file or the new one, never half of one; who may read
 * it stays as it was. A device, a pipe and what a link points to are written to as they are: a rename would put a file in
 * their place.
 */
export function writeWhole(path: string, content: Uint8Array | string | Generator<string>): void {
  let temporary: string | undefined;
  try {
    const pieces = typeof content === "string" || content instanceof Uint8Array ? [content] : content;
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined || found.isFile() || found.isDirectory()) {
      temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
    }
    const file = openSync(temporary ?? path, "w");
    try {
      if (temporary !== undefined && found?.isFile()) fchmodSync(file, found.mode);
      for (const piece of pieces) writeFileSync(file, piece);
      if (temporary !== undefined) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (temporary !== undefined) renameSync(temporary, path);
  } catch (error) {
    if (temporary !== undefined) rmSync(temporary, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    throw failure("file_not_written", `${quoteText(path, 400)} cannot be written (${code ?? "unknown error"})`);
  }
}

/** How a path is shown and used: relative to the current folder, unless that is longer. */
export function shownPath(absolute: string): string {
  const path = relative(process.cwd(), absolute);
  if (path === "") return ".";
  return path.length <= absolute.length ? path : absolute;
}
