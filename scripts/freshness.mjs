// Skips a build step when neither its inputs nor its outputs changed. Contents are compared, never times, so that a fresh
// checkout, a copied tree or a touched file cannot confuse it.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const records = join(root, "build", ".inputs");

/** All files under a path (or the path itself), sorted; absent paths give none. */
export function filesUnder(path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  if (statSync(full).isFile()) return [path];
  return readdirSync(full, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

/** SHA-256 over names and contents of files, in the order given. */
export function contentHash(files, salt = "") {
  const hash = createHash("sha256").update(salt);
  for (const file of files) {
    const bytes = readFileSync(join(root, file));
    hash.update(`${file}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

/**
 * Runs `make` unless `step` was last made from the same inputs and its outputs are still as it left them.
 * `make` may return the list of its outputs when they are known only afterwards. Returns whether it ran.
 */
export async function whenChanged(step, { inputs, outputs = [], salt = "" }, make) {
  const record = join(records, `${step}.json`);
  const files = inputs.flatMap(filesUnder);
  const wanted = contentHash(files, salt);
  const last = existsSync(record) ? JSON.parse(readFileSync(record, "utf8")) : undefined;
  if (last?.inputs === wanted && last.files.every((f) => existsSync(join(root, f))) && contentHash(last.files) === last.outputs)
    return false;
  const made = (await make()) ?? outputs;
  writeAtomically(record, JSON.stringify({ inputs: wanted, outputs: contentHash(made), files: made }));
  return true;
}

/** Other builds of the same tree may be reading: a file is either the old one or the new one, never half of it. */
export function writeAtomically(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}
