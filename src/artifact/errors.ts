/** Why bytes were not accepted as an artifact. The texts stand apart so that the runtime ships the codes alone. */
export type ArtifactErrorCode =
  | "artifact_truncated"
  | "artifact_too_large"
  | "artifact_magic"
  | "artifact_version"
  | "artifact_revision"
  | "artifact_length"
  | "artifact_checksum"
  | "artifact_section"
  | "artifact_record"
  | "artifact_lane";

export class ArtifactError extends Error {
  readonly code: ArtifactErrorCode;

  constructor(code: ArtifactErrorCode, message: string) {
    super(message);
    this.name = "ArtifactError";
    this.code = code;
  }
}

export interface ArtifactErrorText {
  readonly code: ArtifactErrorCode;
  readonly title: string;
  readonly meaning: string;
  readonly fix: string;
}

const recompile = "compile the policy again and copy the new file whole";

/** One entry a code, in the order in which decode looks for them. */
export const artifactErrors: readonly ArtifactErrorText[] = [
  {
    code: "artifact_truncated",
    title: "an artifact that is cut short",
    meaning: "The file ends before its header does, or before the length written in the header.",
    fix: recompile,
  },
  {
    code: "artifact_too_large",
    title: "an artifact that is too large",
    meaning: "The file has more bytes than an engine is willing to load.",
    fix: "split the policy, or check that the file is a compiled policy at all",
  },
  {
    code: "artifact_magic",
    title: "a file that is no compiled policy",
    meaning: "The file does not begin with the mark of a compiled policy.",
    fix: "give the file written by `smoltbot policy compile`, not the YAML policy or another file",
  },
  {
    code: "artifact_version",
    title: "an artifact of another format version",
    meaning: "The file was written in a version of the format that this engine does not read.",
    fix: "compile the policy again with the same release as the engine",
  },
  {
    code: "artifact_revision",
    title: "an artifact of another layout revision",
    meaning: "The file was written before or after the byte layout changed.",
    fix: "compile the policy again with the same release as the engine",
  },
  {
    code: "artifact_length",
    title: "an artifact with bytes behind its end",
    meaning: "The file is longer than the length written in its header.",
    fix: recompile,
  },
  {
    code: "artifact_checksum",
    title: "a damaged artifact",
    meaning: "The checksum of the file is not the one written in its header: some byte changed.",
    fix: recompile,
  },
  {
    code: "artifact_section",
    title: "a section out of its place",
    meaning: "The section table names a range that is outside the file, unaligned or overlapping.",
    fix: recompile,
  },
  {
    code: "artifact_record",
    title: "an impossible record",
    meaning: "A table of rules, globs, rows or texts holds a number that points outside its table.",
    fix: recompile,
  },
  {
    code: "artifact_lane",
    title: "an impossible matching table",
    meaning: "A table used for matching names holds a number that would lead outside the table.",
    fix: recompile,
  },
];
