import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { folderOf, root } from "../support/command.js";

const folder = join(root, "integrations", "ci");
/** The scripts are plain JavaScript without types; what a test needs of them stands here. */
const load = async <T>(name: string) => (await import(relative(import.meta.dirname, join(folder, name)))) as T;

interface Place {
  readonly physicalLocation: {
    readonly artifactLocation: { readonly uri: string };
    readonly region?: { readonly startLine: number };
  };
}
interface Result {
  readonly ruleId?: string;
  readonly ruleIndex?: number;
  readonly level?: string;
  readonly message?: { readonly text: string };
  readonly locations?: readonly Place[];
  readonly suppressions?: readonly object[];
  readonly partialFingerprints?: Readonly<Record<string, string>>;
}
interface Log {
  readonly runs: readonly {
    readonly tool: {
      readonly driver: {
        readonly name: string;
        readonly rules?: readonly { readonly id: string; readonly properties?: object }[];
      };
    };
    readonly results?: readonly Result[];
    readonly invocations?: readonly object[];
    readonly automationDetails?: { readonly id: string };
  }[];
}
interface Finding {
  readonly description: string;
  readonly check_name: string;
  readonly fingerprint: string;
  readonly severity: string;
  readonly location: { readonly path: string; readonly lines: { readonly begin: number } };
}

const at = (uri: string, startLine = 1): Place => ({ physicalLocation: { artifactLocation: { uri }, region: { startLine } } });
const logOf = (rules: readonly string[], results: readonly Result[]): Log => ({
  runs: [{ tool: { driver: { name: "smoltbot-policy", rules: rules.map((id) => ({ id })) } }, results }],
});

describe("joined SARIF logs", async () => {
  const { joinLogs } = await load<{ joinLogs(logs: readonly Log[], more: { category: string; prefix?: string }): Log }>(
    "sarif.mjs",
  );

  test("are one run whose results still name their rules", () => {
    const first = logOf(["a", "b"], [{ ruleId: "b", ruleIndex: 1, locations: [at("x.yaml")] }]);
    const second = logOf(
      ["c", "b"],
      [
        { ruleId: "c", ruleIndex: 0 },
        { ruleId: "b", ruleIndex: 1, locations: [at("x.yaml")] },
      ],
    );
    const { runs } = joinLogs([first, second], { category: "smoltbot-policy/lint" });
    expect(runs).toHaveLength(1);
    const [{ results = [], tool, automationDetails }] = runs;
    expect(results.map(({ ruleId, ruleIndex }) => [ruleId, tool.driver.rules?.[ruleIndex ?? -1].id])).toEqual([
      ["b", "b"],
      ["c", "c"],
    ]);
    expect(automationDetails?.id).toBe("smoltbot-policy/lint/");
  });
  test("places are moved below the folder of the run, but for absolute ones", () => {
    const uris = ["a.yaml", "./a.yaml", "../a.yaml", "file:///etc/a", "/a", "b%20c/d.yaml"];
    const log = logOf(
      ["r"],
      uris.map((uri) => ({ ruleId: "r", locations: [at(uri)] })),
    );
    const { results = [] } = joinLogs([log], { category: "c", prefix: "sub dir/deep/" }).runs[0];
    expect(results.map(({ locations }) => locations?.[0].physicalLocation.artifactLocation.uri)).toEqual(
      [
        "sub%20dir/deep/a.yaml",
        "sub%20dir/deep/a.yaml",
        "sub%20dir/a.yaml",
        "file:///etc/a",
        "/a",
        "sub%20dir/deep/b%20c/d.yaml",
      ].filter((uri, i, all) => all.indexOf(uri) === i || i === 1),
    );
  });
  test("a result without a place stands at the top of its policy", async () => {
    const { placed } = await load<{ placed(log: Log, file: string): Log }>("sarif.mjs");
    const log = logOf(["r"], [{ ruleId: "r", locations: [] }, { ruleId: "r" }, { ruleId: "r", locations: [at("b.yaml", 3)] }]);
    const uris = placed(log, "a b.yaml").runs[0].results?.map(
      ({ locations }) => locations?.[0].physicalLocation.artifactLocation.uri,
    );
    expect(uris).toEqual(["a%20b.yaml", "a%20b.yaml", "b.yaml"]);
  });
  test("nothing joined is an empty run, so that old findings are closed", () => {
    expect(joinLogs([logOf([], [])], { category: "c" }).runs[0].results).toEqual([]);
  });
});

describe("code quality", async () => {
  const { codeQuality } = await load<{ codeQuality(logs: readonly Log[]): Finding[] }>("code-quality.mjs");

  test("has the keys that GitLab asks for", () => {
    const rules = [
      { id: "hot", properties: { "security-severity": "9.5" } },
      { id: "high", properties: { "security-severity": "8.0" } },
      { id: "r" },
    ];
    const results: Result[] = [
      { ruleId: "hot", level: "error", message: { text: "m" }, locations: [at("a%20b.yaml", 7)] },
      { ruleId: "high", level: "error", message: { text: "m" }, locations: [at("a.yaml", 7)] },
      { ruleId: "r", level: "error", message: { text: "m" } },
      { ruleId: "r", message: { text: "m" }, locations: [at("a.yaml", 0)] },
      { ruleId: "r", level: "note", message: { text: "m" }, locations: [at("%zz")] },
      { ruleId: "r", level: "error", suppressions: [{}] },
    ];
    const found = codeQuality([{ runs: [{ tool: { driver: { name: "x", rules } }, results }] }]);
    expect(found.map(({ severity, location }) => [severity, location.path, location.lines.begin])).toEqual([
      ["blocker", "a b.yaml", 7],
      ["critical", "a.yaml", 7],
      ["major", "unnamed", 1],
      ["minor", "a.yaml", 1],
      ["info", "%zz", 1],
    ]);
    for (const { description, check_name, fingerprint } of found) {
      expect([description, check_name === "" ? "" : "named"]).toEqual(["m", "named"]);
      expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
    }
  });
  test("fingerprints differ within a report, and stay when lines move", () => {
    const result = (line: number): Result => ({ ruleId: "r", message: { text: "m" }, locations: [at("a.yaml", line)] });
    const prints = (lines: readonly number[]) =>
      codeQuality([logOf(["r"], lines.map(result))]).map(({ fingerprint }) => fingerprint);
    expect(new Set(prints([1, 2, 3])).size).toBe(3);
    expect(prints([1, 2, 3])).toEqual(prints([11, 12, 13]));
  });
  test("as a command: a real log in, a report out; anything else is refused", () => {
    const sarif = join(root, "examples", "support-agent");
    const log = spawnSync(
      process.execPath,
      [join(root, "build", "smoltbot.js"), "policy", "test", "policy.yaml", "--traces", "traces", "--format", "sarif"],
      { cwd: sarif, encoding: "utf8" },
    ).stdout;
    const out = folderOf({ "a.sarif": log, "b.sarif": "[]" });
    const convert = (...args: string[]) =>
      spawnSync(process.execPath, [join(folder, "code-quality.mjs"), ...args], { cwd: out, encoding: "utf8" });
    expect(convert("report.json", "a.sarif")).toMatchObject({ status: 0, stdout: "", stderr: "" });
    const report = JSON.parse(readFileSync(join(out, "report.json"), "utf8")) as Finding[];
    expect(report.length).toBe((JSON.parse(log) as Log).runs[0].results?.length);
    expect(report.map(({ location }) => location.path)).toContain("policy.yaml");
    expect(convert("report.json", "b.sarif")).toMatchObject({ status: 1, stderr: "b.sarif is no SARIF log\n" });
    expect(convert("report.json")).toMatchObject({ status: 1, stderr: expect.stringContaining("usage") });
    expect(convert("report.json", "none.sarif").stderr).not.toMatch(/\n\s+at /);
  });
});

describe("text from outside in Markdown", async () => {
  const { code, fenced } = await load<{ code(text: string): string; fenced(text: string): string }>("markdown.mjs");
  const nasty = fc.string({
    unit: fc.constantFrom("`", "|", "\n", "<", "&", "@a", "\u202e", "\u001b", " ", "a", "\ud800", "::", "]", "("),
  });

  test("a name stays one span of code in one cell", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const shown = code(text);
        expect(shown).not.toMatch(/[\n\u001b\u202e\ud800|]/);
        const inner = /^`([^`]+)`$/.exec(shown)?.[1] ?? /^<code>([^`<>]*)<\/code>$/.exec(shown)?.[1];
        expect(inner).toBeDefined();
      }),
    );
  });
  test("text of several lines ends only at its fence", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const lines = fenced(text).split("\n");
        const fence = lines.at(-1) ?? "";
        expect(lines[0]).toBe(`${fence}text`);
        for (const line of lines.slice(1, -1)) expect(line.includes(fence)).toBe(false);
      }),
    );
  });
});

describe("the log of a run", async () => {
  interface Log {
    line(text: string): void;
    block(text: string): void;
    warning(text: string): void;
    error(text: string): void;
  }
  const { openLog } = await load<{ openLog(platform: string, env: object, write: (text: string) => void): Log }>("log.mjs");
  const nasty = [
    "::error::x",
    "  ::set-output name=a::b",
    "a ##[add-mask]b",
    "\u001b[31mred",
    "rtl\u202e",
    "100%0A::x",
    "::stop-commands::y",
  ];

  function printed(platform: string, use: (log: Log) => void): string[] {
    let text = "";
    use(
      openLog(platform, {}, (part) => {
        text += part;
      }),
    );
    return text.trimEnd().split("\n");
  }
  /** What a runner would obey. */
  const obeyed = (lines: readonly string[]) => lines.filter((line) => /^\s*::|##\[/.test(line));

  test("a line is never a command, and controls no terminal", () => {
    for (const text of nasty) {
      const lines = printed("github", (log) => log.line(`${text}\n${text}`));
      expect([lines.length, obeyed(lines)]).toEqual([1, []]);
      expect(lines[0]).not.toMatch(/[\u0000-\u001f\u202e]/);
    }
  });
  test("a block stands between two commands that nobody can guess", () => {
    const lines = printed("github", (log) => log.block(nasty.join("\n")));
    const token = /^::stop-commands::([0-9a-f-]{36})$/.exec(lines[0])?.[1];
    expect(lines.at(-1)).toBe(`::${token}::`);
    expect(lines).toHaveLength(nasty.length + 2);
    for (const line of lines.slice(1, -1)) expect(line).toMatch(/^ {2}[^\u0000-\u001f\u202e]+$/);
    expect(printed("github", (log) => log.block(" \n"))).toEqual([""]);
    expect(printed("gitlab", (log) => log.block("a\nb"))).toEqual(["  a", "  b"]);
  });
  test("warnings and errors are one command each", () => {
    for (const text of nasty) {
      for (const name of ["warning", "error"] as const) {
        const lines = printed("github", (log) => log[name](`${text}\n::x::y`));
        expect(lines).toHaveLength(1);
        expect(lines[0]).toMatch(new RegExp(`^::${name} title=smoltbot policy::`));
        expect(lines[0]).not.toContain("%0A");
      }
    }
  });
});
