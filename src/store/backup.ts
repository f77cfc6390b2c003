import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { StoreUnavailable } from "./failures.js";
import { makeFolder } from "./folder.js";
import type { SqliteFile } from "./sqlite-file.js";
import { unavailable } from "./unavailable.js";

/** Writes the whole database, as of one moment, to a file that is not there. */
export type Copy = (target: string) => void;

export function vacuumInto(file: SqliteFile, target: string): void {
  file.run("vacuum into ?", [target], false);
}

/** On a connection of its own, beside whatever the others are doing. */
export function copyThrough(file: SqliteFile, target: string): void {
  try {
    vacuumInto(file, target);
  } finally {
    file.close();
  }
}

/** Under its name only when all of it is on the disk. Overwrites nothing. @throws StoreUnavailable */
export async function backUp(copy: Copy, path: string): Promise<void> {
  const target = resolve(path);
  const draft = `${target}.${randomBytes(6).toString("hex")}.part`;
  const taken = new StoreUnavailable(`no backup was made: ${target} is there already`);
  if (existsSync(target)) throw taken;
  makeFolder(dirname(target));
  try {
    closeSync(openSync(draft, "wx", 0o600));
    copy(draft);
    flush(draft);
    linkSync(draft, target);
    flush(dirname(target));
  } catch (error) {
    if (existsSync(target) && (error as NodeJS.ErrnoException).code === "EEXIST") throw taken;
    throw unavailable(error, `the backup ${target}`) ?? error;
  } finally {
    rmSync(draft, { force: true });
    rmSync(`${draft}-journal`, { force: true });
  }
}

function flush(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
