import type { CodeEntry } from "./entry.js";

/** The command line: files that are named, options that do not go together, the config file. */
export const commandCodes = {
  file_not_found: {
    level: "error",
    title: "a file that does not exist",
    meaning: "A file named on the command line or in the config file is not there.",
    fix: "check the path; on the command line it is relative to the current folder, in a config file to that file",
  },
  file_is_folder: {
    level: "error",
    title: "a folder where a file is needed",
    meaning: "The path names a folder, and this place takes one file.",
    fix: "name the file itself",
  },
  file_unreadable: {
    level: "error",
    title: "a file that cannot be read",
    meaning: "The file exists, but the system refuses to read it.",
    fix: "check the permissions of the file",
  },
  file_too_large: {
    level: "error",
    title: "a file larger than any that is read",
    meaning: "No policy, card, manifest or artifact may be as large as the file that was named, or the file never ends.",
    fix: "name the right file, or divide it",
  },
  file_exists: {
    level: "error",
    title: "a file that would be overwritten",
    meaning: "The command writes a new file and never replaces one unasked.",
    fix: "add --force to overwrite it, or name another file",
  },
  file_not_written: {
    level: "error",
    title: "a file that cannot be written",
    meaning: "The folder does not exist, is not writable, or the disk is full. The old file, if any, is as it was.",
    fix: "name a file in a folder that exists and that you may write to",
  },
  usage_policy_missing: {
    level: "error",
    title: "no policy was named",
    meaning: "Neither the command line nor a config file says which policy to use.",
    fix: "give the policy file, or name it under `policy:` in smoltbot.config.yaml",
  },
  usage_two_policies: {
    level: "error",
    title: "the policy was named twice",
    meaning: "The policy file was given both as an argument and with --file.",
    fix: "give it once",
  },
  usage_two_org_policies: {
    level: "error",
    title: "two org policies",
    meaning: "The main file has scope org, and --org names another org policy; there is only one org layer.",
    fix: "give an agent policy as the main file, or leave out --org",
  },
  usage_org_missing: {
    level: "error",
    title: "no org policy was named",
    meaning: "The floor is that of an org policy, and neither the command line nor a config file names one.",
    fix: "add --org org.yaml, or name it under `org:` in smoltbot.config.yaml",
  },
  usage_org_beside_artifact: {
    level: "error",
    title: "an org policy beside a compiled artifact",
    meaning: "A compiled artifact holds its org and agent layers merged; nothing can be put below it any more.",
    fix: "leave out the org policy for this side, or name the policy files the artifact was compiled from",
  },
  usage_layer_compiled: {
    level: "error",
    title: "a compiled artifact where a layer is needed",
    meaning: "The command looks at one layer as it was written, and a compiled artifact holds the layers merged.",
    fix: "name the YAML or JSON file of the layer",
  },
  usage_scopes_differ: {
    level: "error",
    title: "an org policy compared with an agent policy",
    meaning:
      "One side is an org policy alone and the other an agent policy alone; they are layers of one policy, not two versions.",
    fix: "put the org policy below the agent's with --old-org or --new-org, or ask `smoltbot policy floor` what the agent adds",
  },
  usage_old_card_alone: {
    level: "error",
    title: "a card for the old side only",
    meaning: "Outcomes with a card and without one are no changes of a policy.",
    fix: "give --card as well; it is the card of both sides, and --old-card replaces it on the old one",
  },
  floor_broken: {
    level: "error",
    title: "an agent below the floor of its org",
    meaning:
      "The merged policy is more lenient than the org alone for a name that the org does not leave unmapped. Merging rules that out, so this is a fault of this program, not of the policies.",
    fix: "report it with both policy files; until it is understood, do not deploy this pair",
  },
  usage_empty_time_range: {
    level: "error",
    title: "a time range that holds nothing",
    meaning: "--since is not before --until.",
    fix: "give an earlier --since, a later --until, or leave one of them out",
  },
  usage_unknown_trace_format: {
    level: "error",
    title: "no such trace format",
    meaning: "--trace-format takes the id of a format that is read here.",
    fix: "leave it out to have the format told by the content, or use one of the ids in docs/traces.md",
  },
  usage_nothing_to_evaluate: {
    level: "error",
    title: "nothing to evaluate",
    meaning: "No tools, no manifest, no traces and no card were given, so every answer would be an empty pass.",
    fix: "give --tools a,b or --tool-manifest tools.json or --traces runs/",
  },
  usage_tools_and_traces: {
    level: "error",
    title: "both tools and traces",
    meaning:
      "--tools and --tool-manifest are judged as one session, traces as the sessions they record; one result cannot be both.",
    fix: "run the command once with the tools and once with the traces",
  },
  usage_blank_tool: {
    level: "error",
    title: "a blank name in --tools",
    meaning: "The list has an empty name, as in `a,,b`; a name that is empty on purpose can stand in a manifest.",
    fix: "remove the extra comma",
  },
  usage_coverage_without_card: {
    level: "error",
    title: "--min-coverage without a card",
    meaning: "Coverage is measured against the bounded actions of an alignment card (semantics C1).",
    fix: "add --card card.yaml, or name the card in the config file",
  },
  usage_coverage_without_tools: {
    level: "error",
    title: "--min-tool-coverage without tools",
    meaning: "Tool coverage is the share of known tools that a capability maps, and no tool was named.",
    fix: "add --traces, or --inventory with the tools that exist",
  },
  recommend_no_calls: {
    level: "error",
    title: "no call to learn from",
    meaning: "Traces were read, but the window that was asked for holds no tool call of the wanted agent.",
    fix: "widen the window with --days 0 or another --until, or check --agent",
  },
  usage_nothing_to_cover: {
    level: "error",
    title: "coverage of nothing",
    meaning: "Coverage compares a policy with the actions of a card, with tools, or with both, and neither was named.",
    fix: "add --card card.yaml, --traces or --inventory",
  },
  usage_no_default_traces: {
    level: "error",
    title: "no traces were named",
    meaning: "Neither the command line nor a config file names traces, and the current folder has no Claude Code transcripts.",
    fix: "add --traces with a file, a folder, a pattern or `-` for standard input; policy tests are named with --suite",
  },
  usage_no_such_agent: {
    level: "error",
    title: "no trace of the wanted agent",
    meaning: "Traces were read, and every one of them names another agent.",
    fix: "check --agent, SMOLTBOT_AGENT and the config file, or leave the agent out",
  },
  manifest_not_json: {
    level: "error",
    title: "a tool manifest that is not JSON",
    meaning: "The file given with --tool-manifest does not parse.",
    fix: 'give the answer of tools/list as JSON, for example {"tools": [{"name": "search"}]}',
  },
  manifest_shape: {
    level: "error",
    title: "a tool manifest of another shape",
    meaning: "The JSON parses, but is not a list of tools: neither {tools: [{name}]} nor {result: {tools}} nor a list of names.",
    fix: 'give {"tools": [{"name": "search"}]}, the whole tools/list response, or a list of names',
  },
  inventory_empty: {
    level: "error",
    title: "an inventory without tools",
    meaning: "A source given with --inventory is empty or names no tool, so every rule would look unused.",
    fix: "give the answer of tools/list, a file with one tool name a line, or traces with calls",
  },
  config_unknown_key: {
    level: "error",
    title: "an unknown key in the config file",
    meaning:
      "The config file knows agent, org, policy, card, traces and environments; a typo would otherwise be ignored in silence.",
    fix: "use one of agent, org, policy, card, traces, environments",
  },
  config_value: {
    level: "error",
    title: "a config value of the wrong type",
    meaning: "A path or name is not text, or `environments` is not a mapping of names to values.",
    fix: "write a path or a name; `traces` may be a list of them",
  },
  config_missing: {
    level: "error",
    title: "an environment without a config file",
    meaning: "--env selects values of a config file, but there is none in this folder or above it.",
    fix: "write smoltbot.config.yaml, or name one with --config",
  },
  config_unknown_environment: {
    level: "error",
    title: "an unknown environment",
    meaning: "The config file has no such name under `environments`.",
    fix: "use one of the environments that the config file defines",
  },
  bench_answers_differ: {
    level: "error",
    title: "two evaluations of one policy that differ",
    meaning:
      "`policy bench` measures only what gives the same verdicts, and the ways to evaluate this policy do not agree on a name.",
    fix: "report it with the policy and the name: one of them is wrong",
  },
  git_revision_syntax: {
    level: "error",
    title: "a git revision that cannot be read",
    meaning:
      "An argument begins with `git:`, but is not `git:<revision>:<path>` with a path relative to the current folder. A file whose own name begins like this is named with `./` before it.",
    fix: "write it as in git:main:policies/agent.yaml",
  },
  git_not_installed: {
    level: "error",
    title: "a git revision without git",
    meaning: "A file of a git revision was named, and the command `git` is not on the path.",
    fix: "install git, or name a file",
  },
  git_not_a_repository: {
    level: "error",
    title: "a git revision outside of a repository",
    meaning: "A file of a git revision was named, and the current folder belongs to no git repository.",
    fix: "run the command inside of the repository",
  },
  git_unknown_revision: {
    level: "error",
    title: "a revision that git does not know",
    meaning:
      "There is no such branch, tag or commit in this clone. Pipelines often clone without history and without other branches.",
    fix: "check the name, and fetch the branch: `git fetch origin`, or a checkout with `fetch-depth: 0`",
  },
  git_file_not_in_revision: {
    level: "error",
    title: "a file that the git revision does not hold",
    meaning: "The revision exists, and under this path it holds no file. The path is relative to the current folder.",
    fix: "check the path, or name a revision that has the file",
  },
  git_failed: {
    level: "error",
    title: "git that does not answer",
    meaning: "The revision could not be read for a reason that git names itself.",
    fix: "run the same with git by hand: git show <revision>:./<path>",
  },
  usage_unknown_lint_code: {
    level: "error",
    title: "no such lint code",
    meaning: "--code and --ignore take the codes of findings.",
    fix: "use one of the codes in docs/lint.md",
  },
  usage_fix_needed: {
    level: "error",
    title: "an option that only means something with --fix",
    meaning: "--dry-run and --fix-spelling say how to fix, and nothing was to be fixed.",
    fix: "add --fix, or leave the option out",
  },
  lint_fix_unproven: {
    level: "error",
    title: "fixes that are not proven to be safe",
    meaning:
      "Every fix is checked: the edited file has to read as meant, and no tool name may be judged differently. The check failed, so nothing was written.",
    fix: "make the changes by hand, and report the policy: a finding called a change safe that is not",
  },
  internal_error: {
    level: "error",
    title: "a defect in smoltbot",
    meaning: "The command failed in a way that no input should bring about.",
    fix: "run again with SMOLTBOT_DEBUG=1 and report what it prints",
  },
} as const satisfies Record<string, CodeEntry>;
