import { type Command, InvalidArgumentError, Option } from "commander";
import { parseTime } from "../trace/time.js";

/** Options that several verbs share, defined once so that they read the same everywhere. */
export function addConfigOptions(command: Command): Command {
  return command
    .option("--env <name>", "take the values of this environment of the config file")
    .option("--config <file>", "config file (default: smoltbot.config.yaml, found upwards)")
    .option("--no-config", "ignore config files");
}

export interface ConfigOptions {
  readonly env?: string;
  /** `true` is commander's default beside `--no-config`: look for the file. */
  readonly config?: string | boolean;
}

export function agentOption(): Option {
  return new Option("--agent <id>", "leave out traces that name another agent");
}

export function agentIdOption(): Option {
  return new Option("--agent-id <id>", "the same as --agent");
}

/** E10: `runtime` and `audit` are accepted spellings. */
export function contextOption(): Option {
  return new Option("--context <context>", "who asks")
    .choices(["cicd", "gateway", "observer", "runtime", "audit"])
    .default("cicd");
}

export function addFormat(command: Command, formats: readonly string[] = ["text", "json"]): Command {
  return command.addOption(new Option("--format <format>", "output format").choices([...formats]).default("text"));
}

/** An option that may be given several times; the values add up. */
export function repeatable(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError("Give a whole number, 0 or more.");
  return value;
}

export function percentage(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 100)) throw new InvalidArgumentError("Give a number from 0 to 100.");
  return value;
}

/** An ISO 8601 time or date, UTC without a zone as in traces, or an age such as `7d`, `12h`, `30m`; in epoch milliseconds. */
export function pointInTime(text: string, nowMs: number): number {
  const unit = { d: 86_400_000, h: 3_600_000, m: 60_000 }[text.slice(-1)];
  const amount = Number(text.slice(0, -1));
  if (unit !== undefined && text.length > 1 && Number.isFinite(amount) && amount >= 0) return nowMs - amount * unit;
  const time = /^\d{4}-/.test(text) ? parseTime(text) : undefined;
  if (time === undefined)
    throw new InvalidArgumentError("Give a date such as 2026-02-07, an ISO 8601 time, or an age such as 7d or 12h.");
  return time;
}

export function example(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText("after", `\nExample:\n${lines.map((line) => `  ${line}`).join("\n")}\n`);
}
