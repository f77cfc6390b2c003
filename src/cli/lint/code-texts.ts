import type { CodeText, ShownCode } from "../../report/lint-run.js";

/** What is said of each code in SARIF and on the page docs/lint.md, which a test holds to this list. */
export const codeTexts: Readonly<Record<ShownCode, CodeText>> = {
  dead_rule: {
    title: "a rule that never applies",
    meaning:
      "No tool name's outcome depends on the rule, and no other rule is the reason: it matches no valid name, or its condition holds in no session. Whoever reads the policy believes otherwise.",
    fix: "correct what the rule was meant to match, or remove it",
  },
  shadowed_rule: {
    title: "a rule that stands in another's shadow",
    meaning: "One other rule decides every name that the rule matches, at least as strictly, so the rule itself never matters.",
    fix: "remove the rule, or narrow the one that shadows it",
  },
  redundant_rule: {
    title: "a rule that others cover together",
    meaning: "Several other rules together decide every name that the rule matches, at least as strictly.",
    fix: "remove the rule, or one of those that cover it",
  },
  duplicate_rule: {
    title: "a rule that is there twice",
    meaning: "The same glob stands twice and says the same. The second one is easily forgotten when the first is changed.",
    fix: "remove one of them",
  },
  forbidden_overlap: {
    title: "tools that are both mapped and forbidden",
    meaning:
      "A capability maps names that a forbidden rule blocks. The forbidden rule wins, always; the mapping only looks as if it granted them.",
    fix: "leave it if the rule is an exception from the mapping, or narrow one of the two",
  },
  capability_all_forbidden: {
    title: "a capability whose tools are all forbidden",
    meaning: "Every tool of the capability is forbidden or denied by other rules, so that it grants nothing at all.",
    fix: "remove the capability, or narrow the rules that block its tools",
  },
  no_inventory_match: {
    title: "a glob that matches no tool there is",
    meaning:
      "None of the tools of the inventory matches the glob: it is misspelled, or the tool has gone. A forbidden rule that matches nothing protects nothing.",
    fix: "write the tool's real name, or remove the glob",
  },
  case_only_miss: {
    title: "a glob that misses by the case of its letters",
    meaning:
      "No tool of the inventory matches the glob, but one would if upper and lower case were the same. Names are compared exactly, so the rule does not apply to the tool that it means.",
    fix: "write the name in the case that the tool has; `--fix-spelling` does it",
  },
  surprising_match: {
    title: "a glob that reaches further than it looks",
    meaning:
      "`*` matches any run of characters, also across `__`, so that a glob meant for the tools of one server takes in others whose names happen to fit.",
    fix: "write the server's name instead of `*`, or keep it if the wider reach is meant",
  },
  broad_glob: {
    title: "a glob that takes in nearly everything",
    meaning:
      "A capability maps, or a rule forbids, nearly every tool there is or may ever be, also those that nobody has seen yet.",
    fix: "name the servers or the tools that are meant",
  },
  unknown_card_action: {
    title: "a card action that the card does not grant",
    meaning:
      "The capability lists an action that is not among the bounded actions of the card, so that every tool it maps exceeds the card.",
    fix: "use an action of the card, or add the action to the card",
  },
  broad_mapping_over_deny: {
    title: "an agent that maps what the org denies by default",
    meaning:
      "The org denies tools that are not mapped, and the agent maps tools of any server with a glob that names none: it takes the org's default away (semantics M4).",
    fix: "begin the glob with a literal `mcp__<server>__`, or have the org map the tools",
  },
  severity_below_fail_on: {
    title: "a rule that only warns",
    meaning: "The severity of the rule is below `fail_on`, so that a match is a warning and the tool runs (semantics E3).",
    fix: "raise the severity if the rule is to block, or leave it if a warning is meant",
  },
  condition_constant: {
    title: "a condition that never changes",
    meaning: "The condition of the trigger holds in every session, or in none, whatever is counted.",
    fix: "correct the numbers, or remove the trigger",
  },
  lookalike_names: {
    title: "names that look alike and are judged differently",
    meaning:
      "Tools whose names differ only by the case of letters, or by `-` and `_`, get different outcomes. One of them may pass for the other.",
    fix: "cover both spellings with one glob, or say in the reason why they differ",
  },
  not_decided: {
    title: "a question that was too large",
    meaning: "The question was not decided within the budget of states and work. Nothing is claimed about the rule.",
    fix: "divide the policy, or merge rules that say the same",
  },
  suppression_without_reason: {
    title: "a suppression without a reason",
    meaning: "Who reads the policy later has to know why a finding was taken back, so that without a reason it is not.",
    fix: "write the reason behind a colon: `# smoltbot-ignore <code>: <reason>`",
  },
  suppression_unknown_code: {
    title: "a suppression of an unknown code",
    meaning: "The comment names no code, or one that lint does not have, so that it suppresses nothing.",
    fix: "use a code of this page",
  },
  suppression_misplaced: {
    title: "a suppression that is not understood",
    meaning: "The word is not spelled as a suppression is, or the comment stands where it cannot apply.",
    fix: "write `# smoltbot-ignore` at the rule, or `# smoltbot-ignore-file` above the first key",
  },
  suppression_unused: {
    title: "a suppression of nothing",
    meaning:
      "Lint finds nothing there of the code that the comment names. It would hide the next finding, which nobody has looked at.",
    fix: "remove the comment",
  },
};
