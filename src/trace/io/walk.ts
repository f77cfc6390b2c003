import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Code } from "../../diagnostics/codes.js";
import { quoteText } from "../../diagnostics/escape.js";
import { couldMatch, isPathPattern, matchSegments, splitPattern } from "../paths.js";
import type { TraceInput } from "./options.js";

/** Files of one folder or pattern: whether any of them is a trace is asked at the end. */
export interface Group {
  readonly label: string;
  readonly isPattern: boolean;
  /** Files found. */
  files: number;
  /** Traces among them; files that an earlier input brought count, too. */
  traces: number;
  /** Files that look like traces and are none. */
  readonly strangers: string[];
}

export interface FileSource {
  readonly kind: "file";
  readonly path: string;
  /** Found in a folder, not named: what is no trace is left out without a finding of its own. */
  readonly found: boolean;
  /** Undefined for pipes and devices. */
  readonly bytes: number | undefined;
  readonly group: Group | undefined;
}

export interface StreamSource {
  readonly kind: "stream";
  readonly name: string;
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly bytes: number | undefined;
}

/** What reading meets, in order: inputs, ends of groups, and what went wrong while looking for inputs. */
export type WalkStep =
  | FileSource
  | StreamSource
  | { readonly kind: "groupEnd"; readonly group: Group }
  | { readonly kind: "finding"; readonly code: Code; readonly message: string };

/** Every input as files and streams, each file once, folders in the order of names. Rejects nothing. */
export async function walkInputs(
  inputs: readonly TraceInput[],
  stdin: AsyncIterable<Uint8Array> | undefined,
): Promise<readonly WalkStep[]> {
  const walk = new Walk();
  for (const input of inputs) {
    if (typeof input !== "string") walk.steps.push(streamOf(input.name, input.bytes));
    else if (input !== "-") await walk.addPath(input);
    else if (stdin !== undefined) walk.steps.push(streamOf("<stdin>", stdin));
    else walk.find("trace_not_found", "standard input is not available here");
  }
  return walk.steps;
}

function streamOf(name: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): StreamSource {
  if (!(bytes instanceof Uint8Array)) return { kind: "stream", name, chunks: bytes, bytes: undefined };
  return { kind: "stream", name, chunks: onlyChunk(bytes), bytes: bytes.length };
}

async function* onlyChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

class Walk {
  readonly steps: WalkStep[] = [];
  private readonly seen = new Set<string>();

  find(code: Code, message: string): void {
    this.steps.push({ kind: "finding", code, message });
  }

  async addPath(path: string): Promise<void> {
    let kind: Awaited<ReturnType<typeof stat>>;
    try {
      kind = await stat(path);
    } catch (error) {
      if (isPathPattern(path)) await this.addPattern(path);
      else this.cannotRead(path, error);
      return;
    }
    if (kind.isDirectory()) {
      await this.addFolder(path, path, () => true);
      return;
    }
    await this.addFile(path, false, undefined);
    await this.addSubagentsOf(path);
  }

  /**
   * A session named by its file, by a pattern or through a link brings the files of its subagents along; without them calls
   * would be missing.
   */
  private async addSubagentsOf(path: string): Promise<void> {
    const onError = (folder: string, error: unknown) => {
      if (codeOf(error) !== "ENOENT" && codeOf(error) !== "ENOTDIR") this.cannotRead(folder, error);
    };
    for (const session of new Set([path, await realpath(path).catch(() => path)])) {
      if (!session.endsWith(".jsonl")) continue;
      const folder = join(session.slice(0, -".jsonl".length), "subagents");
      for await (const file of filesBelow(folder, [], () => true, onError)) {
        await this.addFile(join(folder, ...file), true, undefined);
      }
    }
  }

  private async addPattern(pattern: string): Promise<void> {
    const { folder, segments } = splitPattern(pattern);
    await this.addFolder(
      pattern,
      folder,
      (path) => matchSegments(segments, path),
      (path) => couldMatch(segments, path),
    );
  }

  private async addFolder(
    label: string,
    folder: string,
    wanted: (path: readonly string[]) => boolean,
    enter: (path: readonly string[]) => boolean = () => true,
  ): Promise<void> {
    const isPattern = label !== folder;
    const group: Group = { label, isPattern, files: 0, traces: 0, strangers: [] };
    const errors = (path: string, error: unknown) => {
      // A pattern below a folder that does not exist matches nothing, and that is said once.
      if (!isPattern || path !== join(folder) || codeOf(error) !== "ENOENT") this.cannotRead(path, error);
    };
    for await (const path of filesBelow(folder, [], enter, errors)) {
      if (!wanted(path)) continue;
      group.files++;
      const name = join(folder, ...path);
      if (!(await this.addFile(name, true, group))) group.traces++;
      if (isPattern) await this.addSubagentsOf(name);
    }
    this.steps.push({ kind: "groupEnd", group });
  }

  /** False when the file is there already. */
  private async addFile(path: string, found: boolean, group: Group | undefined): Promise<boolean> {
    const real = await realpath(path).catch(() => path);
    if (this.seen.has(real)) return false;
    this.seen.add(real);
    const kind = await stat(path).catch(() => undefined);
    this.steps.push({ kind: "file", path, found, group, bytes: kind?.isFile() === true ? kind.size : undefined });
    return true;
  }

  private cannotRead(path: string, error: unknown): void {
    this.steps.push({ kind: "finding", ...unreadable(path, error) });
  }
}

/** What to say of a path that the system refuses. */
export function unreadable(path: string, error: unknown): { readonly code: Code; readonly message: string } {
  const code = codeOf(error);
  const shown = quoteText(path, 200);
  if (code === "ENOENT" || code === "ENOTDIR") return { code: "trace_not_found", message: `${shown} does not exist` };
  return { code: "trace_unreadable", message: `${shown} cannot be read (${code})` };
}

export function codeOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === "string" ? code : "unknown";
}

/** Folders that hold no traces but many files. */
const passedOver: ReadonlySet<string> = new Set(["node_modules", ".git"]);

/** Files below a folder as path segments, by name. Linked files are followed, linked folders are not: they may loop. */
async function* filesBelow(
  root: string,
  path: readonly string[],
  enter: (path: readonly string[]) => boolean,
  onError: (path: string, error: unknown) => void,
): AsyncGenerator<readonly string[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(join(root, ...path), { withFileTypes: true });
  } catch (error) {
    onError(join(root, ...path), error);
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const inner = [...path, entry.name];
    if (entry.isDirectory()) {
      if (!passedOver.has(entry.name) && enter(inner)) yield* filesBelow(root, inner, enter, onError);
    } else if (entry.isFile() || (await isLinkedFile(join(root, ...inner), entry))) yield inner;
  }
}

async function isLinkedFile(path: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return false;
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}
