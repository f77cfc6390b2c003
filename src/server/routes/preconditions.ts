import { RegistryFailure } from "../../registry/failure.js";
import type { Expectation } from "../../store/store.js";
import type { Asked } from "../route.js";

/** `"7"`: versions are immutable, so the number names the text. */
export function etagOf(version: number): string {
  return `"${version}"`;
}

/**
 * What the writer expects to be active: `If-Match: "7"`, `If-Match: *` or `If-None-Match: *`. Undefined without either.
 * @throws RegistryFailure `invalid_request`
 */
export function expectationOf(asked: Asked): Expectation | undefined {
  const match = asked.header("if-match");
  const noneMatch = asked.header("if-none-match");
  if (match !== undefined && noneMatch !== undefined) refuse("If-None-Match", "If-Match and If-None-Match exclude each other");
  if (noneMatch !== undefined) {
    if (noneMatch.trim() === "*") return { kind: "absent" };
    refuse("If-None-Match", "only `If-None-Match: *` (nothing is active) can be asked of a write");
  }
  if (match === undefined) return undefined;
  if (match.trim() === "*") return { kind: "present" };
  // A weak tag never matches a write, and a tag that is no version names none.
  const tags = tagsOf(match, "If-Match").filter(({ weak }) => !weak);
  return { kind: "version", versions: tags.flatMap(({ value }) => versionOf(value)) };
}

/** Whether the reader has this version already (`If-None-Match` of a GET). */
export function isKnown(asked: Asked, version: number): boolean {
  const known = asked.header("if-none-match");
  if (known === undefined) return false;
  if (known.trim() === "*") return true;
  return tagsOf(known, "If-None-Match").some(({ value }) => value === String(version));
}

interface Tag {
  readonly weak: boolean;
  readonly value: string;
}

/** `"7", W/"8"`. One pass. */
function tagsOf(text: string, header: string): Tag[] {
  const tags: Tag[] = [];
  let at = 0;
  const blank = () => {
    while (text[at] === " " || text[at] === "\t") at++;
  };
  for (;;) {
    blank();
    const weak = text.startsWith("W/", at);
    if (weak) at += 2;
    const end = text[at] === '"' ? text.indexOf('"', at + 1) : -1;
    if (end === -1) refuse(header, 'versions stand in double quotes, such as "7"');
    tags.push({ weak, value: text.slice(at + 1, end) });
    at = end + 1;
    blank();
    if (at === text.length) return tags;
    if (text[at++] !== ",") refuse(header, "versions are separated by commas");
  }
}

function versionOf(value: string): number[] {
  return /^[1-9][0-9]{0,14}$/.test(value) ? [Number(value)] : [];
}

function refuse(path: string, message: string): never {
  throw new RegistryFailure("invalid_request", `${path}: ${message}`, { details: [{ path, message }] });
}
