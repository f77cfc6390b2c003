import { type ByteGlob, matchByteGlob } from "./byte-glob.js";
import type { Dfa } from "./dfa.js";
import type { Filed } from "./grams.js";
import type { Key } from "./key-table.js";
import type { RowTable } from "./rows.js";

/** The lanes whose rows a literal must take in. */
export interface OtherLanes {
  readonly dfa: Dfa | undefined;
  /** Cumulative rows. */
  readonly prefixes: readonly Key[];
  readonly suffixes: readonly Key[];
  readonly filed: readonly Filed[];
  readonly gramless: readonly ByteGlob[];
  readonly lengthRows: readonly number[];
}

/**
 * Joins into each literal's row the rows of all globs that match it, so that a hit in the literal table is the whole answer. Work
 * is counted; if it runs out, all literals keep their own rows (`complete` false) and a hit joins with the other lanes.
 */
export function completeLiterals(
  literals: readonly Key[],
  lanes: OtherLanes,
  rows: RowTable,
  workMax: number,
): { keys: readonly Key[]; complete: boolean } {
  const classify = lanes.dfa === undefined ? indexedClassifier(lanes, rows, workMax) : dfaClassifier(lanes.dfa);
  const keys: Key[] = [];
  for (const literal of literals) {
    const row = classify(literal.bytes);
    if (row === undefined) return { keys: literals, complete: false };
    keys.push({ ...literal, row: rows.join(literal.row, row) });
  }
  return { keys, complete: true };
}

function dfaClassifier(dfa: Dfa): (name: Uint8Array) => number {
  return (name) => {
    let state = 0;
    for (let i = 0; i < name.length; i++) state = dfa.next[state * dfa.classCount + dfa.classes[name[i]]];
    return dfa.rows[state];
  };
}

function indexedClassifier(lanes: OtherLanes, rows: RowTable, workMax: number): (name: Uint8Array) => number | undefined {
  const prefixes = keyMap(lanes.prefixes);
  const suffixes = keyMap(lanes.suffixes);
  const byGram = new Map<number, Filed[]>();
  for (const entry of lanes.filed) {
    const key = entry.size === 4 ? entry.gram : entry.gram + 2 ** 32;
    const list = byGram.get(key);
    if (list === undefined) byGram.set(key, [entry]);
    else list.push(entry);
  }
  let work = 0;
  const verify = (glob: ByteGlob, name: Uint8Array, row: number) => {
    if (glob.nameBytesMin > name.length || rows.covers(row, glob.row)) return row;
    work += 16 + name.length;
    return matchByteGlob(glob.tokens, name) ? rows.join(row, glob.row) : row;
  };
  return (name) => {
    const text = binary(name);
    let row = lengthRow(lanes.lengthRows, name);
    row = rows.join(
      row,
      longest(prefixes, (n) => text.slice(0, n), name.length),
    );
    row = rows.join(
      row,
      longest(suffixes, (n) => text.slice(text.length - n), name.length),
    );
    for (const key of new Set(gramKeys(name))) {
      for (const entry of byGram.get(key) ?? []) {
        row = verify(entry.glob, name, row);
        work++;
      }
      if (work > workMax) return undefined;
    }
    for (const glob of lanes.gramless) row = verify(glob, name, row);
    work += lanes.gramless.length;
    return work > workMax ? undefined : row;
  };
}

function gramKeys(name: Uint8Array): number[] {
  const keys: number[] = [];
  for (let i = 0; i + 3 <= name.length; i++) {
    const low = name[i] | (name[i + 1] << 8) | (name[i + 2] << 16);
    keys.push((low >>> 0) + 2 ** 32);
    if (i + 4 <= name.length) keys.push((low | (name[i + 3] << 24)) >>> 0);
  }
  return keys;
}

function lengthRow(lengthRows: readonly number[], name: Uint8Array): number {
  if (lengthRows.length === 0) return 0;
  let points = 0;
  for (let i = 0; i < name.length; i++) if ((name[i] & 0xc0) !== 0x80) points++;
  return lengthRows[Math.min(points, lengthRows.length - 1)];
}

interface KeyMap {
  readonly rows: ReadonlyMap<string, number>;
  /** Descending. */
  readonly lengths: readonly number[];
}

function keyMap(keys: readonly Key[]): KeyMap {
  const lengths = [...new Set(keys.map((key) => key.bytes.length))].sort((a, b) => b - a);
  return { rows: new Map(keys.map((key) => [binary(key.bytes), key.row])), lengths };
}

function longest(map: KeyMap, part: (bytes: number) => string, nameBytes: number): number {
  for (const length of map.lengths) {
    if (length > nameBytes) continue;
    const row = map.rows.get(part(length));
    if (row !== undefined) return row;
  }
  return 0;
}

/** Bytes as a string of code units 0..255: a cheap map key. Literals and keys are at most 256 bytes. */
function binary(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
