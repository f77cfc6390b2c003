import { type Command, InvalidArgumentError } from "commander";
import { agentIdOption } from "../options.js";

/** Options that the verbs of the registry share. */
export function addOwnerOptions(command: Command, what = "the agent whose policy it is"): Command {
  return command.option("--agent <id>", what).addOption(agentIdOption()).option("--org", "the org's own policy");
}

export function addAgentOptions(command: Command, what: string): Command {
  return command.option("--agent <id>", what).addOption(agentIdOption());
}

export function addChangeOptions(command: Command): Command {
  return command
    .option("-y, --yes", "do not ask")
    .option("-m, --message <text>", "why, for the history")
    .option("--if-version <n>", "only when this version is active; 0: when none is", versionNumber)
    .option("--confirm-broad", "yes, a glob may map tools of any server over an org deny")
    .option("--dry-run", "show what would change, and change nothing");
}

export function addPaging(command: Command): Command {
  return command
    .option("--page <n>", "which page", positive, 1)
    .option("--per-page <n>", "rows of a page, at most 100", positive, 100);
}

export function versionNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("Give a version number.");
  return Number(text);
}

export function positive(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("Give a whole number, 1 or more.");
  return Number(text);
}
