import { createReadStream, type Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { quoteText } from "../../diagnostics/escape.js";
import { FindingLog, lineSpan } from "../findings.js";
import { formats } from "../formats/registry.js";
import { Intake } from "../intake.js";
import { claudeProjectFolder, couldMatch, isPathPattern, matchSegments, splitPattern } from "../paths.js";
import { type TraceInputSummary, type TraceSet, TraceSetBuilder } from "../trace-set.js";
import type { ReadOptions, TraceInput } from "./options.js";

const chunkBytes = 1024 * 1024;

/**
 * Reads every input into one set. Never throws for what it finds: the set's `diagnostics` say what could not be read or
 * understood, and one of level error is always there when no trace was recognised (R1). Folders are read with everything
 * below them, in the order of their names, each file once; the content decides what is a trace. Time linear in the bytes;
 * memory is the columns, the call ids, and one record.
 */
export async function readTraces(inputs: readonly TraceInput[], options: ReadOptions = {}): Promise<TraceSet> {
  const reading = new Reading(options);
  for (const input of inputs) await reading.readInput(input);
  return reading.finish();
}

/** The folder of Claude Code transcripts of a project folder, if there is one: the default of `--traces`. */
export async function defaultTraces(home: string, projectFolder: string): Promise<string | undefined> {
  const folder = claudeProjectFolder(home, projectFolder);
  const found = await stat(folder).catch(() => undefined);
  return found?.isDirectory() === true ? folder : undefined;
}

class Reading {
  private readonly builder = new TraceSetBuilder();
  private readonly log = new FindingLog();
  private readonly summaries: TraceInputSummary[] = [];
  private readonly seen = new Set<string>();
  private bytesRead = 0;

  constructor(private readonly options: ReadOptions) {}

  async readInput(input: TraceInput): Promise<void> {
    if (typeof input !== "string") {
      const { bytes } = input;
      await this.readChunks(input.name, bytes instanceof Uint8Array ? onlyChunk(bytes) : bytes, false);
    } else if (input === "-") {
      if (this.options.stdin === undefined) this.log.add("trace_not_found", "standard input is not available here");
      else await this.readChunks("<stdin>", this.options.stdin, false);
    } else await this.readPath(input);
  }

  finish(): TraceSet {
    return this.builder.finish(this.summaries, this.log.finish());
  }

  private async readPath(path: string): Promise<void> {
    let kind: Awaited<ReturnType<typeof stat>>;
    try {
      kind = await stat(path);
    } catch (error) {
      if (isPathPattern(path)) await this.readPattern(path);
      else this.cannotRead(path, error);
      return;
    }
    if (kind.isDirectory()) {
      await this.readFolder(path, path, () => true);
      return;
    }
    await this.readFile(path, false);
    await this.readSubagentsOf(path);
  }

  /**
   * A session named by its file, by a pattern or through a link brings the files of its subagents along; without them calls
   * would be missing.
   */
  private async readSubagentsOf(path: string): Promise<void> {
    const onError = (folder: string, error: unknown) => {
      if (codeOf(error) !== "ENOENT" && codeOf(error) !== "ENOTDIR") this.cannotRead(folder, error);
    };
    for (const session of new Set([path, await realpath(path).catch(() => path)])) {
      if (!session.endsWith(".jsonl")) continue;
      const folder = join(session.slice(0, -".jsonl".length), "subagents");
      for await (const file of filesBelow(folder, [], () => true, onError)) await this.readFile(join(folder, ...file), true);
    }
  }

  private async readPattern(pattern: string): Promise<void> {
    const { folder, segments } = splitPattern(pattern);
    await this.readFolder(
      pattern,
      folder,
      (path) => matchSegments(segments, path),
      (path) => couldMatch(segments, path),
    );
  }

  private async readFolder(
    label: string,
    folder: string,
    wanted: (path: readonly string[]) => boolean,
    enter: (path: readonly string[]) => boolean = () => true,
  ): Promise<void> {
    let traces = 0;
    let files = 0;
    const strangers: string[] = [];
    const isPattern = label !== folder;
    const errors = (path: string, error: unknown) => {
      // A pattern below a folder that does not exist matches nothing, and that is said once.
      if (!isPattern || path !== join(folder) || codeOf(error) !== "ENOENT") this.cannotRead(path, error);
    };
    for await (const path of filesBelow(folder, [], enter, errors)) {
      if (!wanted(path)) continue;
      files++;
      const name = join(folder, ...path);
      const outcome = await this.readFile(name, true);
      if (isPattern) await this.readSubagentsOf(name);
      if (outcome === "trace" || outcome === "seen" || outcome === "damaged") traces++;
      else if (outcome === "unknown") strangers.push(name);
    }
    this.log.strangers(label, strangers);
    if (traces > 0) return;
    if (files === 0 && isPattern) this.log.add("trace_not_found", `no file matches ${quoteText(label, 200)}`);
    else this.log.add("trace_folder_without_traces", `there is no trace below ${quoteText(label, 200)}`, undefined);
  }

  private async readFile(path: string, found: boolean): Promise<"trace" | "seen" | "none" | "unknown" | "damaged"> {
    const real = await realpath(path).catch(() => path);
    if (this.seen.has(real)) return "seen";
    this.seen.add(real);
    return this.readChunks(path, createReadStream(path, { highWaterMark: chunkBytes }), found);
  }

  private async readChunks(
    name: string,
    chunks: AsyncIterable<Uint8Array>,
    found: boolean,
  ): Promise<"trace" | "none" | "unknown" | "damaged"> {
    const wanted = this.options.format;
    const candidates = wanted === undefined ? formats : formats.filter((format) => format.id === wanted);
    const intake = new Intake(this.builder, this.log, { index: this.summaries.length, name, found, candidates });
    let damaged = false;
    try {
      for await (const chunk of unzipped(chunks)) {
        intake.push(chunk);
        this.bytesRead += chunk.length;
        this.options.onProgress?.({ bytesRead: this.bytesRead, bytesTotal: undefined, calls: 0 });
        if (intake.refusal !== undefined) break;
      }
    } catch (error) {
      damaged = true;
      this.brokenOff(name, error);
    }
    const summary = intake.end(damaged);
    const { refusal } = intake;
    if (refusal === undefined || found === false || damaged) this.summaries.push(summary);
    if (damaged || refusal === "damaged") return "damaged";
    if (refusal !== undefined) return refusal === "unknown" || (refusal === "text" && namedLikeTrace(name)) ? "unknown" : "none";
    return intake.sawTrace ? "trace" : "none";
  }

  private cannotRead(path: string, error: unknown): void {
    const code = codeOf(error);
    const shown = quoteText(path, 200);
    if (code === "ENOENT" || code === "ENOTDIR") this.log.add("trace_not_found", `${shown} does not exist`);
    else this.log.add("trace_unreadable", `${shown} cannot be read (${code})`);
  }

  private brokenOff(name: string, error: unknown): void {
    const code = codeOf(error);
    const damaged = code.startsWith("Z_") || code === "ERR_BUFFER_TOO_LARGE";
    if (damaged)
      this.log.add("trace_gzip_damaged", `the gzip data of ${quoteText(name, 200)} is cut or corrupt`, lineSpan(name, 1));
    else this.cannotRead(name, error);
  }
}

/** Names decide nothing but whether a file of a folder that is no trace is worth a word. */
function namedLikeTrace(name: string): boolean {
  const plain = name.endsWith(".gz") ? name.slice(0, -".gz".length) : name;
  return plain.endsWith(".jsonl") || plain.endsWith(".json") || plain.endsWith(".ndjson");
}

function codeOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === "string" ? code : "unknown";
}

async function* onlyChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** The plain bytes of a stream that may be gzip, told by its first two bytes; members may follow one another. */
async function* unzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = chunks[Symbol.asyncIterator]();
  let head = new Uint8Array(0);
  while (head.length < 2) {
    const next = await source.next();
    if (next.done === true) break;
    head = Buffer.concat([head, asBytes(next.value)]);
  }
  const all = restOf(head, source);
  if (head[0] === 0x1f && head[1] === 0x8b) yield* gunzip(all);
  else yield* all;
}

async function* restOf(head: Uint8Array, source: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (let next = await source.next(); next.done !== true; next = await source.next()) yield asBytes(next.value);
  } finally {
    await source.return?.();
  }
}

async function* gunzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const zip = createGunzip({ chunkSize: 256 * 1024 });
  const source = Readable.from(chunks);
  source.on("error", (error) => zip.destroy(error));
  source.pipe(zip);
  try {
    for await (const chunk of zip) yield chunk as Uint8Array;
  } finally {
    source.destroy();
    zip.destroy();
  }
}

/** Standard input may have been told to give text. */
function asBytes(chunk: Uint8Array | string): Uint8Array {
  return typeof chunk === "string" ? Buffer.from(chunk, "utf8") : chunk;
}

/** Folders that hold no traces but many files. */
const passedOver: ReadonlySet<string> = new Set(["node_modules", ".git"]);

/** Files below a folder as path segments, by name. Linked files are followed, linked folders are not: they may loop. */
async function* filesBelow(
  root: string,
  path: readonly string[],
  enter: (path: readonly string[]) => boolean,
  onError: (path: string, error: unknown) => void = () => {},
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
