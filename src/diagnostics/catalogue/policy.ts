import type { CodeEntry } from "./entry.js";

/** What a policy file says (semantics D1 to D7, G1, G2, E7). */
export const policyCodes = {
  schema_version_unquoted: {
    level: "error",
    title: "the schema version is not quoted",
    meaning: "YAML reads an unquoted 1.0 as a number, and 1.0 and 1 are the same number.",
    fix: 'write schema_version: "1.0" with the quotes',
  },
  schema_version_unknown: {
    level: "error",
    title: "an unknown schema version",
    meaning: 'This engine knows version "1.0" only; a later version may mean something it cannot see.',
    fix: 'write schema_version: "1.0", or use a release that knows this version',
  },
  blank_text: {
    level: "error",
    title: "text that is blank",
    meaning: "A policy name, capability name or card action is empty or only white space.",
    fix: "write a name",
  },
  blank_reason: {
    level: "warning",
    title: "a reason that is blank",
    meaning: "The rule works, but whoever is stopped by it is told nothing.",
    fix: "say in one sentence why the rule is there",
  },
  glob_empty: {
    level: "error",
    title: "an empty glob",
    meaning: "An empty glob would match only the empty name, which no tool has.",
    fix: 'write a tool name or a glob such as "mcp__server__*"',
  },
  glob_too_long: {
    level: "error",
    title: "a glob that is too long",
    meaning: "The glob has more than 256 bytes.",
    fix: "shorten it, for example by a `*` for the long part",
  },
  glob_too_many_wildcards: {
    level: "error",
    title: "too many wildcards in one glob",
    meaning: "The glob has more than 32 wildcards, after runs of stars are joined.",
    fix: "use fewer `*` and `?`",
  },
  glob_unusual_characters: {
    level: "notice",
    title: "unusual characters in a glob or example",
    meaning:
      "Names are compared code point by code point without normalisation, so a letter that only looks the same, or an invisible character, matches a different tool.",
    fix: "check that the characters are meant",
  },
  too_many_globs: {
    level: "error",
    title: "too many globs",
    meaning: "One policy may hold at most 100,000 globs over all its sections.",
    fix: "replace long lists of names by globs",
  },
  too_many_rules: {
    level: "error",
    title: "too many entries in one section",
    meaning: "One section may hold at most 100,000 entries.",
    fix: "join rules that say the same",
  },
  too_many_guarded_terms: {
    level: "error",
    title: "too many compound conditions",
    meaning: "At most 256 terms of one policy may join several globs, or globs and counts: they are checked one by one.",
    fix: "split off the simple conditions, or merge triggers that say the same",
  },
  condition_syntax: {
    level: "error",
    title: "a condition that does not parse",
    meaning:
      "A condition is made of tool_matches('glob') and comparisons such as tool_count > 10, joined with `and`, `or` and parentheses.",
    fix: "correct the condition at this place",
  },
  condition_unknown_word: {
    level: "error",
    title: "an unknown word in a condition",
    meaning: "Conditions know tool_matches, tool_count, unmapped_tool_count, violation_count, `and` and `or`.",
    fix: "use one of the known words",
  },
  condition_number: {
    level: "error",
    title: "a count that is not a whole number",
    meaning: "Counts are compared to whole numbers that a double holds exactly.",
    fix: "write a whole number",
  },
  condition_too_long: {
    level: "error",
    title: "a condition that is too long",
    meaning: "The condition has more than 4,096 bytes.",
    fix: "write several triggers instead of one long condition",
  },
  condition_too_deep: {
    level: "error",
    title: "a condition nested too deeply",
    meaning: "Parentheses are nested deeper than 32.",
    fix: "remove parentheses, or write several triggers",
  },
  condition_too_many_terms: {
    level: "error",
    title: "a condition with too many alternatives",
    meaning: "Multiplied out, the condition has more than 64 alternatives.",
    fix: "write several triggers instead of one condition",
  },
  example_not_matched: {
    level: "error",
    title: "an example that the rule misses",
    meaning: "A name under examples.match is not matched by the rule it belongs to.",
    fix: "correct the glob or the example",
  },
  example_matched: {
    level: "error",
    title: "a counter-example that the rule matches",
    meaning: "A name under examples.not_match is matched by the rule it belongs to.",
    fix: "narrow the glob or correct the example",
  },
  merge_wrong_scope: {
    level: "error",
    title: "a policy in the wrong layer",
    meaning: "A policy was given as the org layer without `scope: org`, or as the agent layer without `scope: agent`.",
    fix: "pass the file as the layer its scope names, or correct meta.scope",
  },
  merge_broad_mapping: {
    level: "warning",
    title: "an agent maps more than one server's tools over an org deny",
    meaning:
      "The org denies unmapped tools, and the agent maps a glob that is neither one tool nor the tools of one server. Agents may add mappings, so every tool the glob matches is let through.",
    fix: "name the server (`mcp__server__*`) or the tools, or have the org map them",
  },
  merge_no_policy: {
    level: "error",
    title: "nothing to merge",
    meaning: "Neither an org policy nor an agent policy was given.",
    fix: "give an org policy, an agent policy, or both",
  },
} as const satisfies Record<string, CodeEntry>;
