import { describe, expect, it } from "vitest";
import { Findings } from "../../../src/diagnostics/findings.js";

const at = (line: number, column = 1) => ({ file: "f", line, column, endLine: line, endColumn: column });

describe("Findings", () => {
  it("lists by place, whatever the order they came in", () => {
    const findings = new Findings();
    findings.add("unknown_key", { message: "c", span: at(3) });
    findings.add("blank_reason", { message: "a", span: at(1, 2) });
    findings.add("unknown_key", { message: "b", span: at(1, 7) });
    expect(findings.list().map((found) => found.message)).toEqual(["a", "b", "c"]);
    expect(findings.hasErrors).toBe(true);
  });

  it("shows 50 and counts the rest", () => {
    const findings = new Findings();
    for (let line = 50; line > 0; line--) findings.add("unknown_key", { message: `${line}`, span: at(line) });
    expect(findings.list()).toHaveLength(50);
    findings.add("unknown_key", { message: "51", span: at(51) });
    findings.add("blank_reason", { message: "52", span: at(52) });
    const list = findings.list();
    expect(list).toHaveLength(51);
    expect(list.at(-1)).toMatchObject({
      code: "more_problems",
      level: "error",
      message: "1 more error and 1 more warning or notice",
    });
  });

  it("shows errors before warnings when there is no room for both", () => {
    const findings = new Findings();
    for (let line = 1; line <= 60; line++) findings.add("blank_reason", { message: "w", span: at(line) });
    findings.add("unknown_key", { message: "e", span: at(99) });
    const list = findings.list();
    expect(list.some((found) => found.code === "unknown_key")).toBe(true);
    expect(list.at(-1)).toMatchObject({ level: "notice", message: "11 more warnings and notices" });
  });

  it("counts what it does not keep", () => {
    const findings = new Findings();
    for (let i = 0; i < 5000; i++) findings.add("unknown_key", { message: "e", span: at(1) });
    findings.countErrors(10);
    expect(findings.isFull).toBe(true);
    expect(findings.list().at(-1)?.message).toBe("4960 more errors");
    findings.stopped();
    expect(findings.list().at(-1)?.message).toBe("at least 4960 more errors");
  });
});
