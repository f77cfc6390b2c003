import { describe, expect, test } from "vitest";
import type { Artifact } from "../src/artifact/artifact.js";
import { decodeArtifact } from "../src/artifact/decode.js";
import { ArtifactError, artifactErrors } from "../src/artifact/errors.js";
import { NONE } from "../src/artifact/layout.js";
import type { Evaluator } from "../src/engine/evaluator.js";
import { openJs } from "../src/engine/js.js";
import { openWasm } from "../src/engine/wasm.js";
import { corrupt, seeded } from "./support/corrupt.js";
import { namesNear, packNames } from "./support/expected-row.js";
import { goldenBytes, goldens } from "./support/golden.js";

const deep = process.env.SMOLTBOT_DEEP !== undefined;
/** Another seed with SMOLTBOT_SEED; a failure prints the one it ran with. */
const seed = Number(process.env.SMOLTBOT_SEED ?? 20_261_122);
const casesEach = deep ? 200_000 : 15_000;
/** Opening a kernel costs more than the rest of a case; these many of the accepted ones go through it too. */
const kernelsEach = deep ? 4_000 : 300;

const artifacts = goldens.map(({ name }) => ({ name, bytes: goldenBytes(name) }));
const codes = new Set(artifactErrors.map((entry) => entry.code));

/** The code of the refusal, or the artifact. Anything thrown but an ArtifactError is a defect and passes on. */
function decodeOrCode(bytes: Uint8Array): Artifact | string {
  try {
    return decodeArtifact(bytes);
  } catch (error) {
    if (error instanceof ArtifactError && codes.has(error.code)) return error.code;
    throw error;
  }
}

describe.each(artifacts)("golden artifact $name", ({ bytes }) => {
  test("every flipped bit is found", () => {
    const copy = bytes.slice();
    const seen = new Set<string>();
    for (let bit = 0; bit < copy.length * 8; bit++) {
      copy[bit >> 3] ^= 1 << (bit & 7);
      const answer = decodeOrCode(copy);
      if (typeof answer !== "string") expect.fail(`accepted with bit ${bit} flipped`);
      seen.add(answer);
      copy[bit >> 3] ^= 1 << (bit & 7);
    }
    expect([...seen].sort()).toEqual([
      "artifact_checksum",
      "artifact_length",
      "artifact_magic",
      "artifact_revision",
      "artifact_truncated",
      "artifact_version",
    ]);
  });

  test("every truncation is found, and every byte appended", () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeOrCode(bytes.subarray(0, length))).toBe("artifact_truncated");
    }
    for (const extra of [0, 1, 255]) expect(decodeOrCode(new Uint8Array([...bytes, extra]))).toBe("artifact_length");
  });

  test(`with a forged checksum, refused or harmless (seed ${seed})`, () => {
    const random = seeded(seed);
    const names = ["", "x".repeat(300), ...namesNear(decodeArtifact(bytes), 8, seed)];
    const packed = packNames(names);
    const answers = new Map<string, number>();
    let kernels = 0;
    for (let i = 0; i < casesEach; i++) {
      const forged = corrupt(bytes, random);
      const answer = decodeOrCode(forged);
      const kind = typeof answer === "string" ? answer : "accepted";
      answers.set(kind, (answers.get(kind) ?? 0) + 1);
      if (typeof answer === "string") continue;
      readTables(answer);
      walk(answer, openJs(answer), names, packed);
      if (kernels++ < kernelsEach) walk(answer, openWasm(answer), names, packed);
    }
    // A suite in which everything is refused, or nothing, would show little.
    for (const kind of ["accepted", "artifact_section", "artifact_record", "artifact_lane"]) {
      expect(answers.get(kind), `${kind} of ${[...answers]}`).toBeGreaterThan(casesEach / 100);
    }
  });
});

/** Every entry can be read, and refers to what is there. */
function readTables(artifact: Artifact): void {
  const { forbidden, triggers, terms, capabilities, globs } = artifact;
  for (let i = 0; i < forbidden.count; i++) globs.get(forbidden.get(i).globId);
  for (let i = 0; i < triggers.count; i++) {
    const { termStart, termCount } = triggers.get(i);
    for (let t = 0; t < termCount; t++) for (const id of terms.get(termStart + t).globIds) globs.get(id);
  }
  for (let i = 0; i < capabilities.count; i++) for (const id of capabilities.get(i).globIds) globs.get(id);
  for (let i = 0; i < globs.count; i++) {
    for (const { kind, rank } of globs.get(i).uses) {
      if (kind === "forbidden") forbidden.get(rank);
      else if (kind === "trigger") triggers.get(rank);
      else capabilities.get(rank);
    }
  }
}

/** Every name gets a row of ranks that exist; that this ends at all is the bound. */
function walk(artifact: Artifact, evaluator: Evaluator, names: readonly string[], packed: ReturnType<typeof packNames>): void {
  const check = (id: number) => {
    const row = evaluator.row(id);
    const inside =
      (row.forbidden === NONE || row.forbidden < artifact.forbidden.count) &&
      (row.trigger === NONE || row.trigger < artifact.triggers.count) &&
      (row.capability === NONE || row.capability < artifact.capabilities.count) &&
      (row.guarded === NONE || row.guarded === 0);
    if (!inside) expect.fail(`${evaluator.kind} left the table: ${JSON.stringify(row)}`);
  };
  for (const name of names) check(evaluator.classify(name));
  const rows = new Uint32Array(packed.count);
  if (evaluator.classifyBatch(packed, 0, rows) !== packed.count) expect.fail(`${evaluator.kind} did not finish the batch`);
  for (const id of rows) check(id);
  for (let id = 0; id < artifact.globs.count; id += 7) evaluator.matchGlob(id, names[id % names.length]);
}
