import { execFileSync } from "node:child_process";
import { escapeText, quoteText } from "../diagnostics/escape.js";
import { artifactBytesMax } from "../limits.js";
import { type CommandFailure, failure } from "./failure.js";

const prefix = "git:";
/** Room for the one line that git writes before the content. */
const headerBytesMax = 64 * 1024;

export interface RevisionFile {
  readonly bytes: Uint8Array;
  /** The specification as it was typed, to be shown as the name of the file; not escaped. */
  readonly label: string;
  /** Full hash of the commit that the revision stood for. */
  readonly commit: string;
}

/** Whether an argument names a file of a git revision. Only the prefix counts: `C:\a.yaml` and `./git:a` are files. */
export function isRevisionSpec(spec: string): boolean {
  return spec.startsWith(prefix);
}

/**
 * The bytes of `git:<revision>:<path>`, as they were committed; the path is relative to the current folder (without a working
 * tree to the top), and links inside the revision are followed. No shell is involved, a revision is never read as an option, and nothing is checked out.
 * Throws a CommandFailure: `git_revision_syntax`, `git_not_installed`, `git_not_a_repository`, `git_unknown_revision`,
 * `git_file_not_in_revision`, `git_failed`, or `file_too_large` above `artifactBytesMax` bytes.
 */
export function readRevision(spec: string): RevisionFile {
  const { revision, path } = parseSpec(spec);
  const commit = resolveCommit(revision);
  return { bytes: readBlob(commit, path, revision), label: spec, commit };
}

function parseSpec(spec: string): { revision: string; path: string } {
  const rest = spec.slice(prefix.length);
  const colon = separatorOf(rest);
  const shown = quoteText(spec, 400);
  if (!isRevisionSpec(spec) || colon < 0) throw failure("git_revision_syntax", `${shown} is not git:<revision>:<path>`);
  const revision = rest.slice(0, colon);
  const path = process.platform === "win32" ? rest.slice(colon + 1).replaceAll("\\", "/") : rest.slice(colon + 1);
  if (revision === "") throw failure("git_revision_syntax", `${shown} names no revision`);
  if (revision.startsWith("-")) throw failure("git_revision_syntax", `the revision in ${shown} begins with \`-\``);
  if (path === "" || path.endsWith("/")) throw failure("git_revision_syntax", `${shown} names no file`);
  if (path.startsWith("/")) throw failure("git_revision_syntax", `the path in ${shown} is not relative to the current folder`);
  // Names are given to git line by line; no reference can hold these, and a path that does is nothing a policy is kept under.
  if (/[\n\0]/.test(spec)) throw failure("git_revision_syntax", `${shown} holds a line break or NUL`);
  return { revision, path };
}

/** The first colon outside braces: `HEAD@{2026-01-31 10:00}` is one revision. */
function separatorOf(rest: string): number {
  let depth = 0;
  for (let i = 0; i < rest.length; i++) {
    if (rest[i] === "{") depth++;
    else if (rest[i] === "}") depth--;
    else if (rest[i] === ":" && depth <= 0) return i;
  }
  return -1;
}

function resolveCommit(revision: string): string {
  const found = tryGit(["rev-parse", "--verify", "--end-of-options", `${revision}^{commit}`]);
  const commit = found.output?.toString("latin1").trim() ?? "";
  if (/^[0-9a-f]{40,64}$/.test(commit)) return commit;
  throw refusedBySetup(found.message) ?? unknownRevision(revision);
}

/** The usual causes in a pipeline are told apart, because each has another remedy. */
function unknownRevision(revision: string): CommandFailure {
  const message = `git knows no commit ${quoteText(revision, 400)}`;
  const remote = `origin/${revision}`;
  if (tryGit(["rev-parse", "--verify", "--end-of-options", `${remote}^{commit}`]).output !== undefined) {
    return failure("git_unknown_revision", message, { fix: `there is ${quoteText(remote, 400)}; name that` });
  }
  if (tryGit(["rev-parse", "--is-shallow-repository"]).output?.toString("latin1").trim() === "true") {
    const fix =
      "this clone is shallow: fetch the history first (`fetch-depth: 0` of actions/checkout, `GIT_DEPTH: 0` of GitLab, `git fetch --unshallow`)";
    return failure("git_unknown_revision", message, { fix });
  }
  return failure("git_unknown_revision", message);
}

/** What `cat-file --batch` answers in place of content: the line, and what is wrong. */
const absences: readonly (readonly [RegExp, string])[] = [
  [/ missing$/, "there is none in it"],
  [/^notdir \d+$/, "a part of the path is a file"],
  [/^dangling \d+$/, "it is a link that leads nowhere"],
  [/^loop \d+$/, "it is a link that leads back to itself"],
  [/^symlink \d+$/, "it is a link that leads out of the repository"],
  [/^[0-9a-f]+ tree \d+$/, "it is a folder"],
  [/^[0-9a-f]+ (?:commit|tag) \d+$/, "it is a submodule"],
];

/** Without a working tree (a bare repository, a hook of a server) paths begin at the top. */
function objectName(commit: string, path: string): string {
  const inside = tryGit(["rev-parse", "--is-inside-work-tree"]).output?.toString("latin1").trim();
  return inside === "false" ? `${commit}:${path}` : `${commit}:./${path}`;
}

function readBlob(commit: string, path: string, revision: string): Uint8Array {
  const place = `${quoteText(path, 400)} of ${quoteText(revision, 400)}`;
  const object = objectName(commit, path);
  const { output, message, tooMuch } = tryGit(["cat-file", "--batch", "--follow-symlinks"], `${object}\n`);
  if (tooMuch) throw failure("file_too_large", `${place} is larger than ${artifactBytesMax} bytes`);
  if (output === undefined) {
    if (/outside repository/.test(message)) throw failure("git_file_not_in_revision", `${place}: it is outside the repository`);
    throw refusedBySetup(message) ?? failure("git_failed", `git could not read ${place}: ${lastLine(message)}`);
  }
  const end = output.indexOf(0x0a);
  const header = output.subarray(0, Math.max(end, 0)).toString("utf8");
  const size = /^[0-9a-f]{40,64} blob (\d+)$/.exec(header)?.[1];
  if (size === undefined) {
    const absence = absences.find(([line]) => line.test(header))?.[1];
    if (absence === undefined) throw failure("git_failed", `git could not read ${place}: ${lastLine(header)}`);
    // A damaged or partial clone lists the file and lacks its content: no reason to say that the file is new.
    const listed = tryGit(["rev-parse", "--verify", "--end-of-options", object]).output !== undefined;
    if (listed && header.endsWith(" missing")) throw failure("git_failed", `this clone lists ${place}, but lacks its content`);
    throw failure("git_file_not_in_revision", `${place}: ${absence}`);
  }
  if (Number(size) > artifactBytesMax) throw failure("file_too_large", `${place} is larger than ${artifactBytesMax} bytes`);
  return new Uint8Array(output.subarray(end + 1, end + 1 + Number(size)));
}

interface GitAnswer {
  /** Standard output; undefined when git failed. */
  readonly output?: Buffer;
  readonly message: string;
  readonly tooMuch?: boolean;
}

/** Runs git in the current folder. Its messages are asked for untranslated, and it may not ask for a password. */
function tryGit(args: readonly string[], input = ""): GitAnswer {
  try {
    const output = execFileSync("git", args, {
      input,
      maxBuffer: artifactBytesMax + headerBytesMax,
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, LC_ALL: "C", LANGUAGE: "C", GIT_TERMINAL_PROMPT: "0" },
      windowsHide: true,
    });
    return { output, message: "" };
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: Buffer };
    if (code === "ENOENT") throw failure("git_not_installed", "`git:` names a file of a git revision, and there is no git here");
    if (code === "ENOBUFS") return { message: "", tooMuch: true };
    if (stderr === undefined) throw failure("git_failed", `git could not be run (${code ?? "unknown error"})`);
    return { message: stderr.toString("utf8") };
  }
}

/** What keeps git from answering anything in this folder. */
function refusedBySetup(message: string): CommandFailure | undefined {
  if (/not a git repository/i.test(message)) {
    return failure("git_not_a_repository", "the current folder is in no git repository");
  }
  if (/dubious ownership/.test(message)) {
    return failure("git_failed", "git does not trust this repository, because it belongs to another user", {
      fix: "in a container, run `git config --global --add safe.directory` with the path of the repository first",
    });
  }
  return undefined;
}

function lastLine(message: string): string {
  return escapeText(message.trim().split("\n").at(-1)?.slice(0, 400) ?? "");
}
