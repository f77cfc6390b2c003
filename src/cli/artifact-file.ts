import type { Artifact } from "../artifact/artifact.js";
import { decodeArtifact } from "../artifact/decode.js";
import { ArtifactError, artifactErrors } from "../artifact/errors.js";
import * as layout from "../artifact/layout.js";
import { quoteText } from "../diagnostics/escape.js";
import { CommandFailure } from "./failure.js";

/** Whether bytes begin like an artifact; whether they are a sound one is for the decoder to say. */
export function looksCompiled(bytes: Uint8Array): boolean {
  if (bytes.length < layout.HEADER_MAGIC_1 + 4) return false;
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (
    words.getUint32(layout.HEADER_MAGIC_0, true) === layout.MAGIC_0 &&
    words.getUint32(layout.HEADER_MAGIC_1, true) === layout.MAGIC_1
  );
}

/** Decodes the bytes of a named file. @throws CommandFailure with the decoder's own code. */
export function decodeNamed(bytes: Uint8Array, file: string): Artifact {
  try {
    return decodeArtifact(bytes);
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    const { code } = error;
    const text = artifactErrors.find((entry) => entry.code === code);
    const message = `${quoteText(file, 400)}: ${error.message}`;
    throw new CommandFailure([{ code, level: "error", path: "", message, fix: lowerFirst(text?.fix ?? "") }]);
  }
}

/** Advice reads on after "fix:", so it begins in lower case and has no full stop. */
function lowerFirst(sentence: string): string {
  const open = sentence.endsWith(".") ? sentence.slice(0, -1) : sentence;
  return open.charAt(0).toLowerCase() + open.slice(1);
}
