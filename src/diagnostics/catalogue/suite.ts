import type { CodeEntry } from "./entry.js";

/** Files of policy tests, and running them. */
export const suiteCodes = {
  suite_entry_kind: {
    level: "error",
    title: "neither a case nor a group",
    meaning:
      "An entry of `tests` is a case with `tools`, a case with `session`, or a group with `tests`; it has to be exactly one of them, and each has its own keys.",
    fix: "give the entry exactly one of `tools`, `session` and `tests`",
  },
  suite_expects_nothing: {
    level: "error",
    title: "a case that expects nothing",
    meaning: "The expectation has no key, or every call of the session is `any`, so the case could never fail.",
    fix: "say what is expected, for example `expect: pass` or `expect: {verdict: fail, rule: mcp__admin__*}`",
  },
  suite_expect_count: {
    level: "error",
    title: "a list of expectations that does not fit the calls",
    meaning: "A list under `expect` has one entry for each call of a `session`; cases with `tools` have one expectation for all.",
    fix: "give as many entries as the session has calls (`any` where nothing is expected), or one expectation for the last call",
  },
  suite_expect_twice: {
    level: "error",
    title: "one expectation under two names",
    meaning: "`action` and `decision` are the same thing: the verdict after the enforcement mode.",
    fix: "keep one of the two",
  },
  suite_time: {
    level: "error",
    title: "a time that cannot be read",
    meaning: "`now` and the times of `first_seen` are ISO 8601 dates, with or without a time; without a zone they are UTC.",
    fix: 'write a time such as "2026-02-07T10:00:00Z"',
  },
  suite_first_seen_without_now: {
    level: "error",
    title: "first sightings without a clock",
    meaning:
      "When a tool was first seen matters only for its grace period, and without `now`, beside it, above it or in a case below it, no tool has one.",
    fix: "add `now:` beside it, above in the file, or to the cases",
  },
  suite_duplicate_name: {
    level: "warning",
    title: "two cases of one name",
    meaning: "Reports tell cases apart by their name and their groups.",
    fix: "give one of them another name",
  },
  suite_too_many_cases: {
    level: "error",
    title: "too many cases, calls or rules in one file",
    meaning: "A file of policy tests has more cases, more calls in all of them, or more rules under `not_rule` than are taken.",
    fix: "divide the file; several can be run at once with --suite and a folder or a pattern",
  },
  suite_none_found: {
    level: "error",
    title: "no policy tests were found",
    meaning: "Nothing that --suite names is a file of policy tests, or there is none beside the policy and no rule has examples.",
    fix: "name a file, or a folder or pattern with files that end in .test.yaml",
  },
  suite_none_selected: {
    level: "error",
    title: "no case is left to run",
    meaning: "No case has the text of --filter in its name, so nothing would be tested.",
    fix: "give a part of a case's name, in the same upper and lower case",
  },
  suite_answers_differ: {
    level: "error",
    title: "the engine and the specification differ",
    meaning:
      "Every call of a case is judged by the compiled engine and again by the executable specification, and they gave different answers.",
    fix: "report it with the policy and the case: one of the two is wrong",
  },
  usage_html_for_suites: {
    level: "error",
    title: "an HTML report of policy tests",
    meaning: "The HTML report shows recorded runs; policy tests have no such page.",
    fix: "use text, json, junit, markdown or sarif, or name only --traces for a report of the runs",
  },
} as const satisfies Record<string, CodeEntry>;
