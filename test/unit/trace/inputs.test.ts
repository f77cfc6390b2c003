import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasErrors } from "../../../src/diagnostics/diagnostic.js";
import { defaultTraces, readTraces } from "../../../src/trace/io/read.js";
import { assistant, codesOf, inChunks, lines, read, readAll, step, toolsOf, toolUse, user, zip } from "../../support/traces.js";

const session = (id: string, ...tools: string[]) =>
  lines(user(id), ...tools.map((tool, i) => assistant(id, [toolUse(tool, `${id}-${i}`)])));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "traces-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function put(files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

const below = (...paths: string[]) => readTraces(paths.map((path) => join(folder, path)));
const summary = (set: Awaited<ReturnType<typeof below>>) => set.traces.map(({ id, calls }) => `${id}:${calls}`).join(" ");

describe("files, folders and patterns", () => {
  it("reads a folder with everything below it, in the order of names, whatever the files are called", async () => {
    await put({
      "b.jsonl": session("s2", "Read"),
      "a/deep/er.txt": session("s1", "Bash"),
      "a/x.gz": zip(session("s3", "Grep", "Glob")),
      "README.md": "# not a trace\n",
      "node_modules/p/package.json": '{"name": "p"}',
    });
    const set = await below("");
    expect(summary(set)).toBe("s1:1 s3:2 s2:1");
    expect(set.diagnostics).toEqual([]);
  });

  it("merges subagent files, old and new places, into the session", async () => {
    const agent = (id: string, tool: string) => lines(assistant("s1", [toolUse(tool, id)], { isSidechain: true, agentId: "a" }));
    await put({
      "s1.jsonl": session("s1", "Task"),
      "agent-aa.jsonl": agent("x1", "Read"),
      "s1/subagents/agent-bb.jsonl": agent("x2", "Grep"),
      "s1/subagents/deep/agent-cc.jsonl": agent("x3", "Glob"),
    });
    expect(summary(await below(""))).toBe("s1:4");
    const named = await below("s1.jsonl");
    expect(toolsOf(named)).toEqual(["Task", "Grep", "Glob"]);
    expect([...named.calls.subagent]).toEqual([0, 1, 1]);
    expect(toolsOf(await below("s*.jsonl"))).toEqual(["Task", "Grep", "Glob"]);
    await mkdir(join(folder, "links"));
    await symlink(join(folder, "s1.jsonl"), join(folder, "links", "run.jsonl"));
    expect(toolsOf(await below("links/run.jsonl"))).toEqual(["Task", "Grep", "Glob"]);
  });

  it("reads what a pattern matches, once, and nothing else", async () => {
    await put({
      "x/1.jsonl": session("s1", "A"),
      "x/y/2.jsonl": session("s2", "B"),
      "x/3.json": session("s3", "C"),
      "z.jsonl": session("s4", "D"),
    });
    expect(summary(await below("x/*.jsonl"))).toBe("s1:1");
    expect(summary(await below("**/*.jsonl"))).toBe("s1:1 s2:1 s4:1");
    expect(summary(await below("x/?.json*", "x/1.jsonl", "x"))).toBe("s1:1 s3:1 s2:1");
    expect(codesOf(await below("x/*.csv"))).toEqual(["trace_not_found"]);
    expect(codesOf(await below("nowhere/*.jsonl"))).toEqual(["trace_not_found"]);
  });

  it("reads a file whose name looks like a pattern", async () => {
    await put({ "what?.jsonl": session("s1", "A"), "whats.jsonl": session("s2", "B") });
    expect(summary(await below("what?.jsonl"))).toBe("s1:1");
  });

  it("follows a linked file once and no linked folder", async () => {
    await put({ "a.jsonl": session("s1", "A"), "else/b.jsonl": session("s2", "B") });
    await symlink(join(folder, "a.jsonl"), join(folder, "c.jsonl"));
    await symlink(folder, join(folder, "else", "loop"));
    const set = await below("");
    expect(summary(set)).toBe("s1:1 s2:1");
    expect(set.inputs.length).toBe(2);
  });

  it("says which files of a folder look like traces and are none", async () => {
    await put({
      "a.jsonl": session("s1", "A"),
      "b.json": '{"name": "p"}',
      "c.jsonl": "garbage\n",
      "d.txt": "text",
      "e.jsonl": "",
    });
    const set = await below("");
    expect(set.diagnostics.map(({ code, level }) => `${code} ${level}`)).toEqual(["trace_format_unknown warning"]);
    expect(set.diagnostics[0]!.message).toContain("2 files");
    expect(set.diagnostics[0]!.message).toContain("b.json");
  });

  it("reads standard input, also when it comes as text in small pieces", async () => {
    const set = await readTraces(["-"], { stdin: inChunks(zip(session("s1", "A")) as never, 3) });
    expect(summary(set)).toBe("s1:1");
    expect(set.inputs[0]!.name).toBe("<stdin>");
    expect(codesOf(await readTraces(["-"]))).toEqual(["trace_not_found"]);
  });

  it("finds the transcripts of a project folder", async () => {
    await put({ ".claude/projects/-home-me-my-app-v2/s.jsonl": session("s1", "A") });
    expect(await defaultTraces(folder, "/home/me/my.app_v2")).toBe(`${folder}/.claude/projects/-home-me-my-app-v2`);
    expect(await defaultTraces(folder, "/home/me/other")).toBeUndefined();
  });
});

describe("input that is not understood is an error, never an empty answer", () => {
  const cases: [string, Record<string, string | Uint8Array>, string[], string[]][] = [
    ["a missing file", {}, ["gone.jsonl"], ["trace_not_found"]],
    ["a file named as a folder", { a: "x" }, ["a/b"], ["trace_not_found"]],
    ["an empty file", { a: "" }, ["a"], ["trace_empty"]],
    ["only white space", { a: " \r\n\n" }, ["a"], ["trace_empty"]],
    ["a byte order mark and nothing else", { a: "\ufeff" }, ["a"], ["trace_empty"]],
    ["an empty folder", { "sub/.keep": "" }, ["sub"], ["trace_folder_without_traces"]],
    ["a folder of other things", { "sub/a.md": "# hi", "sub/b.txt": "" }, ["sub"], ["trace_folder_without_traces"]],
    ["a folder of other JSON", { "sub/a.json": "{}" }, ["sub"], ["trace_format_unknown", "trace_folder_without_traces"]],
    ["JSON of another format", { a: '{"name": "p", "version": 1}' }, ["a"], ["trace_format_unknown"]],
    ["JSON lines of another format", { a: lines({ level: "info" }, { level: "warn" }) }, ["a"], ["trace_format_unknown"]],
    ["text", { a: "hello\nworld\n" }, ["a"], ["trace_not_json"]],
    ["lines that begin like JSON but are not", { a: "{one\n{two\n{three\n" }, ["a"], ["trace_cut"]],
    ["a list of numbers", { a: "[1, 2, 3]" }, ["a"], ["trace_format_unknown"]],
    ["UTF-16", { a: Buffer.from("\ufeff{}", "utf16le") }, ["a"], ["encoding_utf16"]],
    ["a document cut in the middle", { a: '{\n "traces": [\n  {"trace_id": "x",' }, ["a"], ["trace_cut"]],
    ["one line, cut", { a: '{"type":"user","sessionId":"s1","mess' }, ["a"], ["trace_cut"]],
    ["gzip of nothing", { a: zip("") }, ["a"], ["trace_empty"]],
    ["gzip cut in its header", { a: zip(session("s1", "A")).subarray(0, 5) }, ["a"], ["trace_gzip_damaged"]],
    [
      "gzip magic and garbage",
      { a: Buffer.from([0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) },
      ["a"],
      ["trace_gzip_damaged"],
    ],
    ["a session file without a session", { a: lines({ type: "summary", summary: "x", leafUuid: "u" }) }, ["a"], ["trace_none"]],
    [
      "a folder of session files without a session",
      { "sub/a": lines({ type: "summary", leafUuid: "u" }) },
      ["sub"],
      ["trace_folder_without_traces"],
    ],
  ];

  it.each(cases)("%s", async (_, files, paths, codes) => {
    await put(files);
    const set = await below(...paths);
    expect(codesOf(set)).toEqual(codes);
    expect(hasErrors(set.diagnostics)).toBe(true);
    expect(set.traces.length).toBe(0);
    for (const finding of set.diagnostics) {
      expect(finding.message).not.toBe("");
      expect(finding.fix).not.toBe("");
    }
  });

  it("a path that the system refuses", async () => {
    await symlink("itself", join(folder, "itself"));
    expect(codesOf(await below("itself", "nul\u0000nul", "a".repeat(5000)))).toEqual(Array(3).fill("trace_unreadable"));
  });

  it("names the missing of several inputs and reads the others", async () => {
    await put({ "a.jsonl": session("s1", "A") });
    const set = await below("gone.jsonl", "a.jsonl");
    expect(codesOf(set)).toEqual(["trace_not_found"]);
    expect(set.traces.length).toBe(1);
  });

  it("reads what stands before the damage of a gzip file, and says that it is damaged", async () => {
    const whole = zip(session("s1", ...Array.from({ length: 4000 }, (_, i) => `tool_${(i * 7919) % 4001}_${i * i}`)));
    await put({ "a.gz": whole.subarray(0, whole.length >> 1) });
    const set = await below("a.gz");
    expect(codesOf(set)).toEqual(["trace_gzip_damaged"]);
    expect(set.traces.length).toBe(1);
    expect(set.calls.length).toBeGreaterThan(100);
    expect(set.calls.length).toBeLessThan(4000);
  });
});

describe("one format forced", () => {
  it("leaves the others out", async () => {
    const set = await readAll([session("s1", "A"), lines(step("tr-1", ["B"]))], { format: "ap-trace" });
    expect(codesOf(set)).toEqual(["trace_format_unknown"]);
    expect(toolsOf(set)).toEqual(["B"]);
  });
});

describe("several formats in one run", () => {
  it("keeps equal ids of different formats apart", async () => {
    const set = await read(session("same", "A"), lines(step("same", ["B"])));
    expect(set.traces.map(({ id, format }) => [id, format])).toEqual([
      ["same", "claude-code"],
      ["same", "ap-trace"],
    ]);
  });
});
