import { escapeText } from "../../diagnostics/escape.js";

export interface TestCase {
  readonly name: string;
  readonly className: string;
  readonly file?: string;
  readonly outcome: "passed" | "failure" | "error" | "skipped";
  /** Of a failure, an error or a skipped case: one line, then all of it. */
  readonly message?: string;
  readonly body?: string;
  /** What is said of a case that passes. */
  readonly output?: string;
}

export interface TestSuite {
  readonly name: string;
  /** Epoch milliseconds. */
  readonly generatedAtMs: number;
  readonly properties: readonly (readonly [name: string, value: string])[];
  readonly cases: readonly TestCase[];
}

/** JUnit XML as GitLab and Jenkins read it. */
export function junitText(name: string, suites: readonly TestSuite[]): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${attribute(name)}" ${counts(suites.flatMap((suite) => suite.cases))}>`,
    ...suites.flatMap(suiteLines),
    "</testsuites>",
    "",
  ].join("\n");
}

function suiteLines({ name, generatedAtMs, properties, cases }: TestSuite): string[] {
  const timestamp = new Date(generatedAtMs).toISOString().slice(0, 19);
  return [
    `  <testsuite name="${attribute(name)}" ${counts(cases)} timestamp="${timestamp}">`,
    "    <properties>",
    ...properties.map(([key, value]) => `      <property name="${attribute(key)}" value="${attribute(value)}"/>`),
    "    </properties>",
    ...cases.flatMap(caseLines),
    "  </testsuite>",
  ];
}

function counts(cases: readonly TestCase[]): string {
  const n = (outcome: TestCase["outcome"]) => cases.filter((each) => each.outcome === outcome).length;
  return `tests="${cases.length}" failures="${n("failure")}" errors="${n("error")}" skipped="${n("skipped")}" time="0"`;
}

function caseLines({ name, className, file, outcome, message, body, output }: TestCase): string[] {
  const at = file === undefined ? "" : ` file="${attribute(file)}"`;
  const open = `    <testcase name="${attribute(name === "" ? "(no name)" : name)}" classname="${attribute(className)}"${at} time="0"`;
  if (outcome === "passed" && output === undefined) return [`${open}/>`];
  const inner =
    outcome === "passed"
      ? [`<system-out>${text(output ?? "")}</system-out>`]
      : outcome === "skipped"
        ? [`<skipped message="${attribute(message ?? "")}"/>`]
        : [
            `<${outcome} message="${attribute(message ?? "")}" type="${outcome === "failure" ? "policy" : "input"}">${text(body ?? "")}</${outcome}>`,
          ];
  return [`${open}>`, ...inner.map((line) => `      ${line}`), "    </testcase>"];
}

const special: ReadonlyMap<string, string> = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["'", "&apos;"],
]);

/** Text that may have lines of its own, each escaped before; `>` too, because of `]]>`. */
function text(lines: string): string {
  return lines.replace(/[&<>"']/g, (character) => special.get(character) as string);
}

/** What XML 1.0 cannot hold, and what cannot be seen, is written as `\u{hex}`. */
function attribute(value: string): string {
  return text(escapeText(value));
}
