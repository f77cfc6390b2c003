import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CommandFailure } from "../../../src/cli/failure.js";
import { readNamedFile, writeWhole } from "../../../src/cli/files.js";
import { folderOf } from "../../support/command.js";

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof CommandFailure) return error.diagnostics[0].code;
    throw error;
  }
  return undefined;
}

describe("named files", () => {
  test("each way of not being readable has its code", () => {
    const folder = folderOf({ file: "x" });
    expect(codeOf(() => readNamedFile(join(folder, "file"), "policy"))).toBeUndefined();
    expect(codeOf(() => readNamedFile(join(folder, "nope"), "policy"))).toBe("file_not_found");
    expect(codeOf(() => readNamedFile(join(folder, "file", "below"), "policy"))).toBe("file_not_found");
    expect(codeOf(() => readNamedFile(folder, "policy"))).toBe("file_is_folder");
    expect(codeOf(() => readNamedFile(join(folder, "n".repeat(5000)), "policy"))).toBe("file_unreadable");
    expect(codeOf(() => readNamedFile("/dev/zero", "policy"))).toBe("file_too_large");
    expect(readNamedFile("/dev/null", "policy").length).toBe(0);
  });
  test("a write that fails leaves the old file and nothing beside it", () => {
    const folder = folderOf({ "a.bin": "old" });
    mkdirSync(join(folder, "taken"));
    expect(codeOf(() => writeWhole(join(folder, "taken"), "new"))).toBe("file_not_written");
    expect(codeOf(() => writeWhole(join(folder, "nowhere", "a.bin"), "new"))).toBe("file_not_written");
    writeWhole(join(folder, "a.bin"), "new");
    expect(readFileSync(join(folder, "a.bin"), "utf8")).toBe("new");
    expect(readdirSync(folder).sort()).toEqual(["a.bin", "taken"]);
  });
  test("a link is written through, not replaced", () => {
    const folder = folderOf({ "a.bin": "old" });
    symlinkSync("a.bin", join(folder, "link"));
    writeWhole(join(folder, "link"), "new");
    expect(readFileSync(join(folder, "a.bin"), "utf8")).toBe("new");
    expect(lstatSync(join(folder, "link")).isSymbolicLink()).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(["a.bin", "link"]);
  });
});
