import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decodeArtifact } from "../src/artifact/decode.js";
import { dumpArtifact } from "../src/artifact/dump.js";
import { openJs } from "../src/engine/js.js";
import { openWasm } from "../src/engine/wasm.js";
import { expectedRow, namesNear } from "./support/expected-row.js";
import { compileGolden, goldenBytes, goldenPath, goldens } from "./support/golden.js";

// Remaking is asked for by name, so that a change of the format never passes unseen.
if (process.env.SMOLTBOT_GOLDEN === "write") {
  for (const golden of goldens) {
    const { bytes } = compileGolden(golden);
    writeFileSync(goldenPath(golden.name, "bin"), bytes);
    writeFileSync(goldenPath(golden.name, "txt"), dumpArtifact(decodeArtifact(bytes), { automaton: true }));
  }
}

describe.each(goldens)("golden artifact $name", (golden) => {
  const bytes = goldenBytes(golden.name);

  test("compiling its policy gives exactly these bytes, through these lanes", () => {
    const { bytes: now, report } = compileGolden(golden);
    expect(Buffer.from(now).equals(Buffer.from(bytes))).toBe(true);
    const lanes = Object.entries(report.lanes).filter(([, globs]) => globs > 0);
    expect(lanes.map(([lane]) => lane).sort()).toEqual([...golden.lanes].sort());
  });

  test("its dump is this text", () => {
    expect(dumpArtifact(decodeArtifact(bytes), { automaton: true })).toBe(readFileSync(goldenPath(golden.name, "txt"), "utf8"));
  });

  test("both evaluators read from it what the specification says", () => {
    const artifact = decodeArtifact(bytes);
    const js = openJs(artifact);
    const wasm = openWasm(artifact);
    for (const name of ["", ...namesNear(artifact, 500, 5)]) {
      const expected = expectedRow(artifact, name);
      expect(js.row(js.classify(name)), JSON.stringify(name)).toEqual(expected);
      expect(wasm.row(wasm.classify(name)), JSON.stringify(name)).toEqual(expected);
    }
  });
});
