import { type FSWatcher, realpathSync, type Stats, statSync, watch } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import type { Terminal } from "../terminal.js";
import type { Visit } from "./find-suites.js";

/** Editors write a file in several steps; what changes within this time is one change. */
const settleMs = 120;
/** How often files are looked at where folders cannot be watched. */
const pollMs = 500;

/** One run: its exit code. Every file and folder that it looks at is told to `visit` before it is read. */
export type WatchedRun = (visit: Visit) => Promise<number>;

type Names = (name: string) => boolean;

/** What was looked at, and what it looked like just before. */
interface Visited {
  readonly wanted: Names | undefined;
  readonly stamp: string;
}

/**
 * Runs again whenever something changes that the last run has looked at, until Ctrl-C. Folders are watched, not files: editors
 * put a new file in the place of the old one. Returns the exit code of the last run.
 */
export async function watchRuns(run: WatchedRun, terminal: Terminal): Promise<number> {
  const changes = new Changes();
  const stopped = new Promise<"stopped">((done) => {
    process.once("SIGINT", () => done("stopped"));
    // Nobody reads any more.
    process.stdout.once("error", () => done("stopped"));
  });
  let code: number;
  for (;;) {
    const visited = new Map<string, Visited>();
    code = await run((path, wanted) => {
      const full = resolve(path);
      if (!visited.has(full)) visited.set(full, { wanted, stamp: stampOf(full) });
    });
    // A command line that names nothing is not mended by waiting.
    if (visited.size === 0) break;
    changes.watch(visited);
    const files = [...visited.keys()].filter((path) => isKind(path, "file")).length;
    terminal.err(`Watching ${files} ${files === 1 ? "file" : "files"} for changes; Ctrl-C ends.\n`);
    const next = await Promise.race([changes.next(), stopped]);
    if (next === "stopped") break;
    if (process.stdout.isTTY) terminal.out("\x1b[2J\x1b[H");
  }
  changes.close();
  return code;
}

class Changes {
  #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  #poll: NodeJS.Timeout | undefined;
  #changed: () => void = () => {};
  #next: Promise<"changed"> = Promise.resolve("changed");

  next(): Promise<"changed"> {
    return this.#next;
  }

  /** Watches instead of what was watched before. What changed while the run was on counts as changing now. */
  watch(visited: ReadonlyMap<string, Visited>): void {
    this.close();
    this.#next = new Promise((done) => {
      this.#changed = () => done("changed");
    });
    const folders = new Map<string, Names[]>();
    for (const [path, { wanted }] of visited) place(path, wanted, folders);
    // Systems watch only so many folders: then the files are looked at from time to time.
    const all = [...folders].map(([folder, names]) => this.#open(folder, names));
    if (all.includes(false)) this.#poll = setInterval(() => this.#compare(visited), pollMs);
    this.#compare(visited);
  }

  #compare(visited: ReadonlyMap<string, Visited>): void {
    if ([...visited].some(([path, { stamp }]) => stamp !== stampOf(path))) this.#settle();
  }

  close(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#poll);
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }

  /** False when the system refuses. */
  #open(folder: string, names: readonly Names[]): boolean {
    try {
      const watcher = watch(folder, (_, name) => {
        if (name === null || names.some((isMeant) => isMeant(name))) this.#settle();
      });
      // A folder that goes away is noticed by the next run.
      watcher.on("error", () => this.#settle());
      this.#watchers.push(watcher);
      return true;
    } catch {
      return false;
    }
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#changed(), settleMs);
  }
}

/** Of a folder only that it is one: what comes and goes in it has events of its own. */
function stampOf(path: string): string {
  const found = statOf(path);
  if (found === undefined) return "missing";
  return found.isFile() ? `${found.mtimeMs} ${found.size} ${found.ino}` : "folder";
}

/**
 * A folder is watched for the names that count in it and for new folders, a file in its folder and in the one that a link leads
 * to, what is missing in the nearest folder that is there. Other files may come and go: reports are written somewhere, too.
 */
function place(path: string, wanted: Names | undefined, folders: Map<string, Names[]>): void {
  if (isKind(path, "folder")) {
    add(folders, path, (name) => wanted?.(name) !== false || !name.includes("."));
    return;
  }
  let [folder, name] = [dirname(path), basename(path)];
  while (statOf(folder) === undefined && dirname(folder) !== folder) [folder, name] = [dirname(folder), basename(folder)];
  add(folders, folder, (changed) => changed === name);
  const target = statOf(path) === undefined ? path : realpathSync(path);
  if (target !== path) add(folders, dirname(target), (changed) => changed === basename(target));
}

function add(folders: Map<string, Names[]>, folder: string, names: Names): void {
  const known = folders.get(folder);
  if (known === undefined) folders.set(folder, [names]);
  else known.push(names);
}

/** What cannot be looked at is not there yet. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isKind(path: string, kind: "file" | "folder"): boolean {
  const found = statOf(path);
  return kind === "file" ? found?.isFile() === true : found?.isDirectory() === true;
}
