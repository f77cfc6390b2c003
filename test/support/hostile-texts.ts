/** Hostile texts that would be too large to keep as files, made when needed, and exactly the codes each gives. */
export interface HostileText {
  readonly name: string;
  readonly codes: readonly string[];
  readonly text: () => string | Uint8Array;
}

const repeated = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join("");

const head = 'meta: {schema_version: "1.0", name: hostile, scope: org}\n';
const defaults = "defaults: {unmapped_tool_action: warn, unmapped_severity: low, fail_open: false}\n";

export const hostileTexts: readonly HostileText[] = [
  { name: "over 16 MiB", codes: ["source_too_large"], text: () => new Uint8Array(16 * 1024 * 1024 + 1).fill(0x61) },
  { name: "100,000 open brackets", codes: ["too_deep"], text: () => "[".repeat(100_000) },
  { name: "100,000 open braces", codes: ["too_deep"], text: () => "{a: ".repeat(100_000) },
  { name: "100,000 open brackets as JSON", codes: ["too_deep"], text: () => '{"a":'.repeat(100_000) },
  { name: "100,000 dashes", codes: ["too_deep"], text: () => `${"- ".repeat(100_000)}a` },
  { name: "100,000 explicit keys", codes: ["too_deep"], text: () => `${"? ".repeat(100_000)}a` },
  { name: "2,000 levels of indentation", codes: ["too_deep"], text: () => repeated(2000, (i) => `${" ".repeat(i)}a:\n`) },
  { name: "100,000 closing brackets", codes: ["yaml_syntax"], text: () => `[${"]".repeat(100_000)}` },
  {
    name: "60,000 unknown keys",
    codes: ["missing_key", "more_problems", "unknown_key"],
    text: () => repeated(60_000, (i) => `key_${i}: 1\n`),
  },
  {
    name: "60,000 times the same key",
    codes: ["duplicate_key", "more_problems"],
    text: () => repeated(60_000, () => "key: 1\n"),
  },
  {
    name: "60,000 times the same key as JSON",
    codes: ["duplicate_key", "more_problems"],
    text: () => `{${repeated(60_000, () => '"key":1,')}"key":1}`,
  },
  {
    name: "20,000 wrong rules",
    codes: ["missing_key", "more_problems", "unknown_key"],
    text: () => `${head}capability_mappings: {}\nforbidden:\n${repeated(20_000, (i) => `  - {patern: a${i}}\n`)}${defaults}`,
  },
  { name: "a text of 5 MB on one line", codes: ["wrong_type"], text: () => "a".repeat(5_000_000) },
  {
    name: "a reason of 5 MB",
    codes: ["text_too_long"],
    text: () =>
      `${head}capability_mappings: {}\nforbidden:\n  - {pattern: a, severity: low, reason: "${"r".repeat(5_000_000)}"}\n${defaults}`,
  },
  {
    name: "a folded text of 100,000 lines",
    codes: ["text_too_long"],
    text: () =>
      `${head}capability_mappings: {}\nforbidden:\n  - pattern: a\n    severity: low\n    reason: >\n${repeated(100_000, () => "      r\n")}${defaults}`,
  },
  { name: "1,000,000 blank lines", codes: ["document_empty"], text: () => "\n".repeat(1_000_000) },
  { name: "100,000 comments", codes: ["document_empty"], text: () => "# nothing\n".repeat(100_000) },
  { name: "20,000 documents", codes: ["yaml_second_document"], text: () => "---\na: b\n".repeat(20_000) },
  { name: "20,000 anchors", codes: ["more_problems", "yaml_anchor"], text: () => repeated(20_000, (i) => `- &a${i} b\n`) },
  { name: "20,000 tags", codes: ["more_problems", "yaml_tag"], text: () => repeated(20_000, () => "- !!str b\n") },
  {
    name: "50,000 escaped control characters in a name",
    codes: ["text_too_long"],
    text: () =>
      `meta: {schema_version: "1.0", name: "${"\\a".repeat(50_000)}", scope: org}\ncapability_mappings: {}\nforbidden: []\n${defaults}`,
  },
  {
    name: "a glob of 10,000 stars apart",
    codes: ["glob_too_long"],
    text: () =>
      `${head}capability_mappings: {}\nforbidden:\n  - {pattern: "${"*a".repeat(10_000)}", severity: low, reason: r}\n${defaults}`,
  },
  {
    name: "a condition of 2,000 parentheses",
    codes: ["condition_too_deep"],
    text: () =>
      `${head}capability_mappings: {}\nforbidden: []\nescalation_triggers:\n  - {condition: "${"(".repeat(2000)}", action: warn, reason: r}\n${defaults}`,
  },
  {
    name: "a condition that multiplies out to 4^20 alternatives",
    codes: ["condition_too_many_terms"],
    text: () => {
      const factor = (i: number) => `(${["a", "b", "c", "d"].map((c) => `tool_matches('${c}${i}')`).join(" or ")})`;
      const condition = Array.from({ length: 20 }, (_, i) => factor(i)).join(" and ");
      return `${head}capability_mappings: {}\nforbidden: []\nescalation_triggers:\n  - {condition: "${condition}", action: warn, reason: r}\n${defaults}`;
    },
  },
];
