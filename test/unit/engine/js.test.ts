import { describe, expect, test } from "vitest";
import { decodeArtifact } from "../../../src/artifact/decode.js";
import * as L from "../../../src/artifact/layout.js";
import { compilePolicy } from "../../../src/compiler/compile.js";
import { openJs } from "../../../src/engine/js.js";
import { dynamicRowsMax } from "../../../src/limits.js";
import { referenceMatch } from "../../../src/reference/evaluate.js";
import { expectedRow, namesNear, packNames } from "../../support/expected-row.js";
import { forge, sectionAt } from "../../support/forge.js";
import { compileLanePolicy, lanePolicies } from "../../support/lane-policies.js";
import { type TinyPolicy, tinyPolicy } from "../../support/tiny-policy.js";

function open(bytes: Uint8Array) {
  const artifact = decodeArtifact(bytes);
  return { artifact, js: openJs(artifact) };
}

/** Opened twice: as the compiler likes it, and without an automaton. */
function openBoth(policy: TinyPolicy) {
  return [{}, { statesMax: 0 }].map((budget) => open(compilePolicy(tinyPolicy(policy), { budget }).bytes));
}

/** The budget of verification lies in the artifact, so a name can be made to spend it at once. */
function withVerifyBudget(bytes: Uint8Array, units: number): Uint8Array {
  return forge(bytes, (view, copy) =>
    view.setUint32(sectionAt(copy, L.SECTION_LANES).offset + L.LANES_VERIFY_BUDGET, units, true),
  );
}

describe.each(lanePolicies)("policy $name", (lanePolicy) => {
  const { bytes } = compileLanePolicy(lanePolicy);
  const { artifact, js } = open(bytes);
  const names = ["", ...namesNear(artifact, 1500, 11)];

  test("rows are those of the specification", () => {
    let hits = 0;
    for (const name of names) {
      const row = js.row(js.classify(name));
      expect(row, JSON.stringify(name)).toEqual(expectedRow(artifact, name));
      if (Object.values(row).some((rank) => rank !== L.NONE)) hits++;
    }
    if (lanePolicy.name !== "empty") expect(hits).toBeGreaterThan(names.length / 10);
  });

  test("single globs match as in the specification", () => {
    for (const name of names.slice(0, 300)) {
      for (let id = 0; id < artifact.globs.count; id++) {
        expect(js.matchGlob(id, name)).toBe(referenceMatch(artifact.globs.get(id).text, name));
      }
    }
    for (const id of [-1, artifact.globs.count, 0.5, Number.NaN]) expect(() => js.matchGlob(id, "x")).toThrow(RangeError);
  });

  test("a batch is its names one by one, from any start", () => {
    const rows = new Uint32Array(names.length).fill(7);
    expect(js.classifyBatch(packNames(names), 10, rows)).toBe(names.length);
    expect([...rows.subarray(0, 10)]).toEqual(new Array(10).fill(7));
    names.forEach((name, i) => {
      if (i >= 10) expect(rows[i]).toBe(js.classify(name));
    });
  });
});

test("the answer does not depend on the budget of verification", () => {
  const indexed = lanePolicies.filter((p) => p.name === "indexed")[0];
  const { bytes } = compileLanePolicy(indexed);
  const { artifact, js } = open(bytes);
  for (const units of [0, 1, 40, 200, 0xffffffff]) {
    const other = open(withVerifyBudget(bytes, units)).js;
    for (const name of namesNear(artifact, 800, units)) {
      const long = name.repeat(5);
      expect(other.row(other.classify(name))).toEqual(js.row(js.classify(name)));
      expect(other.row(other.classify(long))).toEqual(expectedRow(artifact, long));
    }
  }
});

describe("names that are not ASCII", () => {
  test("no code unit is cut to a byte, none becomes another", () => {
    // U+0141 ends in the byte of A, a lone surrogate is not the replacement character.
    for (const { js } of openBoth({ forbidden: [["A"], ["\ufffd"], ["?x"], ["x*\ufffd"]] })) {
      const forbidden = (name: string) => js.row(js.classify(name)).forbidden !== L.NONE;
      expect(forbidden("A")).toBe(true);
      expect(forbidden("\u0141")).toBe(false);
      expect(forbidden("\ufffd")).toBe(true);
      for (const lone of ["\ud800", "\udfff", "\udc00\ud800"]) {
        expect(forbidden(lone)).toBe(false);
        expect(forbidden(`x${lone}`)).toBe(false);
      }
      expect(forbidden("\ud800x")).toBe(true);
      expect(forbidden("😀x")).toBe(true);
      expect(forbidden("\udc00\ud800x")).toBe(false);
    }
  });

  test("a question mark takes a whole character and not a part of one", () => {
    for (const { js } of openBoth({ forbidden: [["a?b"], ["??"], ["*?c?*d"]] })) {
      const forbidden = (name: string) => js.row(js.classify(name)).forbidden !== L.NONE;
      for (const c of ["x", "é", "€", "😀", "\u0000", "\n", "\ud83d"]) {
        expect(forbidden(`a${c}b`)).toBe(true);
        expect(forbidden(`a${c}${c}b`)).toBe(false);
        expect(forbidden(c)).toBe(false);
        expect(forbidden(c + c)).toBe(true);
        expect(forbidden(`${c}c${c}d`)).toBe(true);
        expect(forbidden(`${c}cd`)).toBe(false);
      }
    }
  });
});

describe("long names", () => {
  test("keys at both ends of a name longer than the hashes that are kept, and than the buffers that are kept", () => {
    const policy: TinyPolicy = {
      forbidden: [["start*"], ["*end", "critical"], ["*mid*dle*", "medium"], [`${"k".repeat(255)}*`, "low"]],
    };
    for (const { artifact, js } of openBoth(policy)) {
      for (const filler of [100, 255, 256, 257, 300, 5000, 300_000]) {
        const x = "x".repeat(filler);
        const names = [
          `start${x}`,
          `${x}end`,
          `start${x}end`,
          `${x}mid${x}dle`,
          x,
          `${"k".repeat(255)}${x}`,
          `${"k".repeat(254)}${x}`,
          `${x}é${x}end`,
        ];
        for (const name of names) {
          const row = js.row(js.classify(name));
          const worst = [0, 1, 2, 3].find((rank) => js.matchGlob(artifact.forbidden.get(rank).globId, name)) ?? L.NONE;
          expect(row.forbidden).toBe(worst);
        }
        expect(js.row(js.classify(`${x}end`)).forbidden).toBe(0);
        expect(js.row(js.classify(`start${x}`)).forbidden).toBe(1);
        expect(js.row(js.classify(x)).forbidden).toBe(L.NONE);
        expect(js.row(js.classify("start")).forbidden).toBe(1);
      }
    }
  });

  test("nested stars stay linear in the name", () => {
    for (const { js } of openBoth({ forbidden: [["*a*a*a*a*a*b"]] })) {
      const a = "a".repeat(200_000);
      expect(js.row(js.classify(a)).forbidden).toBe(L.NONE);
      expect(js.row(js.classify(`${a}b`)).forbidden).toBe(0);
    }
  });
});

test("equal hashes are not equal keys", () => {
  const { bytes } = compilePolicy(tinyPolicy({ forbidden: [["rm"], ["*zz"]] }), { budget: { wholeStatesMax: 0 } });
  const { js } = open(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const lanes = sectionAt(bytes, L.SECTION_LANES).offset;
  const literals = sectionAt(bytes, L.SECTION_LITERALS);
  const basis = view.getUint32(lanes + L.LANES_HASH_BASIS, true);
  const shift = view.getUint32(lanes + L.LANES_LITERAL_SHIFT, true);
  const hash = (name: string) => {
    let h = basis;
    for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), L.HASH_PRIME);
    return h >>> 0;
  };
  const slotOf = (name: string) => {
    const x = Math.imul(hash(name) ^ (hash(name) >>> 15), L.HASH_MIX);
    return (x ^ (x >>> 13)) >>> shift;
  };
  const at = literals.offset + slotOf("rm") * L.SLOT_BYTES;
  expect(view.getUint32(at + L.SLOT_HASH, true)).toBe(hash("rm"));
  // Another name that looks into the same slot, and a table that claims its hash.
  const other = Array.from({ length: 676 }, (_, i) => String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26))).find(
    (name) => name !== "rm" && name !== "zz" && slotOf(name) === slotOf("rm"),
  ) as string;
  const forged = open(forge(bytes, (copy) => copy.setUint32(at + L.SLOT_HASH, hash(other), true))).js;
  expect(js.row(js.classify("rm")).forbidden).toBe(0);
  expect(forged.row(forged.classify(other)).forbidden).toBe(L.NONE);
  const rows = new Uint32Array(1);
  forged.classifyBatch(packNames([other]), 0, rows);
  expect(forged.row(rows[0]).forbidden).toBe(L.NONE);
});

describe("rows joined at run time", () => {
  const sides = 300;
  const policy = tinyPolicy({
    forbidden: Array.from({ length: sides }, (_, i) => [`p${i}_*`] as const),
    capabilities: Array.from({ length: sides }, (_, i) => [`c${i}`, [`*_s${i}`]] as const),
  });
  const { bytes } = compilePolicy(policy, { budget: { statesMax: 0 } });
  const pairs = Array.from({ length: sides * sides }, (_, i) => [Math.floor(i / sides), i % sides] as const);
  const names = pairs.map(([p, s]) => `p${p}_x_s${s}`);

  test("have one id each, until there is no more room and single checks start anew", () => {
    const { artifact, js } = open(bytes);
    const ids = new Set<number>();
    let generation = 0;
    pairs.forEach(([p, s], i) => {
      const id = js.classify(names[i]);
      if (js.generation !== generation) {
        expect(ids.size).toBe(dynamicRowsMax);
        expect(() => js.row(artifact.rowCount + 1)).toThrow(RangeError);
        ids.clear();
        generation++;
      }
      expect(id).toBeGreaterThanOrEqual(artifact.rowCount);
      ids.add(id);
      if (i % 97 === 0) {
        expect(js.row(id)).toEqual({ forbidden: p, trigger: L.NONE, capability: s, guarded: L.NONE });
        expect(js.classify(names[i])).toBe(id);
      }
    });
    expect(js.generation).toBe(1);
    expect(ids.size).toBe(names.length - dynamicRowsMax);
  });

  test("stop a batch when there is no more room", () => {
    const { js } = open(bytes);
    const packed = packNames(names);
    const rows = new Uint32Array(names.length);
    const done = js.classifyBatch(packed, 0, rows);
    expect(done).toBe(dynamicRowsMax);
    expect(js.row(rows[done - 1])).toMatchObject({ forbidden: pairs[done - 1][0], capability: pairs[done - 1][1] });
    expect(js.classifyBatch(packed, done, rows)).toBe(done);
    js.resetRows();
    expect(js.generation).toBe(1);
    expect(js.classifyBatch(packed, done, rows)).toBe(names.length);
    expect(js.row(rows[done])).toMatchObject({ forbidden: pairs[done][0], capability: pairs[done][1] });
    for (const id of [-1, 0.5, 10_000_000]) expect(() => js.row(id)).toThrow(RangeError);
  });
});
