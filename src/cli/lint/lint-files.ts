import { quoteText } from "../../diagnostics/escape.js";
import type { Policy } from "../../policy/model.js";
import type { LintedFile, LintFix } from "../../report/lint-run.js";
import { unifiedDiff } from "../../report/text/unified-diff.js";
import { CommandFailure, failure } from "../failure.js";
import { readNamedFile, writeWhole } from "../files.js";
import { fixPolicy } from "./fix.js";
import { type LintSetup, type Looked, look, notLinted } from "./look.js";
import type { Comparison } from "./unchanged.js";

export interface LintFilesOptions extends LintSetup {
  /** Absent: nothing is fixed. */
  readonly fix?: {
    readonly spelling: boolean;
    readonly dryRun: boolean;
    readonly unchanged: (before: Policy, after: Policy) => Comparison;
    /** Sees each diff before anything is written. */
    readonly show: (diff: string) => void;
  };
}

/** A linted file and its text as it is on the disk afterwards. */
export interface FileOutcome {
  readonly linted: LintedFile;
  readonly text: string;
}

/** Lints one file, and fixes it where that was asked for. A file that cannot be read is a result, so that others are still linted. */
export function lintFile(file: string, options: LintFilesOptions): FileOutcome {
  let bytes: Uint8Array;
  try {
    bytes = readNamedFile(file, "policy");
  } catch (error) {
    if (error instanceof CommandFailure) return { linted: notLinted(file, error.diagnostics), text: "" };
    throw error;
  }
  const looked = look(bytes, file, options);
  if (!looked.valid) return { linted: looked, text: new TextDecoder().decode(bytes) };
  const { text } = looked.document.source;
  return options.fix === undefined ? { linted: looked, text } : fixFile(looked, bytes, options, options.fix);
}

function fixFile(
  looked: Looked,
  bytes: Uint8Array,
  options: LintFilesOptions,
  { spelling, dryRun, unchanged, show }: NonNullable<LintFilesOptions["fix"]>,
): FileOutcome {
  const { file, document } = looked;
  const before = document.source.text;
  const { looked: last, fixed, left } = fixPolicy(looked, { spelling, unchanged, look: (text) => look(text, file, options) });
  const after = last.document.source.text;
  const diff = unifiedDiff(before, after, file);
  const fix: LintFix = { fixed, left, diff, written: !dryRun && diff !== "" };
  if (diff !== "") show(diff);
  if (dryRun || diff === "") return { linted: { ...looked, fix }, text: before };
  writeFixed(file, bytes, after);
  return { linted: { ...last, fix }, text: after };
}

/** The file has to be what was read: nobody's edit in between may be lost. A byte order mark stays. */
function writeFixed(file: string, read: Uint8Array, text: string): void {
  if (Buffer.compare(readNamedFile(file, "policy"), read) !== 0) {
    const fix = "run the command again";
    throw failure("file_not_written", `${quoteText(file, 400)} has changed since it was read`, { fix });
  }
  const marked = read[0] === 0xef && read[1] === 0xbb && read[2] === 0xbf;
  writeWhole(file, marked ? `\ufeff${text}` : text);
}
