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
  usage_no_default_traces: {
    level: "error",
    title: "no traces were named",
    meaning: "Neither the command line nor a config file names traces, and the current folder has no Claude Code transcripts.",
    fix: "add --traces with a file, a folder, a pattern or `-` for standard input",
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
  internal_error: {
    level: "error",
    title: "a defect in smoltbot",
    meaning: "The command failed in a way that no input should bring about.",
    fix: "run again with SMOLTBOT_DEBUG=1 and report what it prints",
  },
} as const satisfies Record<string, CodeEntry>;
