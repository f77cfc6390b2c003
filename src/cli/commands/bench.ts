import { type Command, InvalidArgumentError } from "commander";
import type { RecordedCalls } from "../bench/measure.js";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.js";
import { loadPolicy } from "../load-policy.js";
import { addConfigOptions, addFormat, type ConfigOptions, example } from "../options.js";
import { resolveSettings, type Settings } from "../settings.js";
import type { Terminal } from "../terminal.js";
import { addTraceOptions, readOptionsOf, type TraceOptions } from "../trace-options.js";

interface Options extends ConfigOptions, TraceOptions {
  readonly org?: string;
  readonly seconds: number;
  readonly format: string;
}

/** `smoltbot policy bench`: what this policy costs, on this machine. */
export function define(command: Command, terminal: Terminal): void {
  command
    .argument("[file]", "the policy (default: from the config file)")
    .option("--org <file>", "org policy below it")
    .option("--seconds <n>", "about how long to measure", positiveSeconds, 5);
  addTraceOptions(command, "measure on the calls of these traces (default: names made from the policy's globs)");
  addConfigOptions(command);
  addFormat(command);
  example(
    command,
    "$ smoltbot policy bench policy.yaml",
    "$ smoltbot policy bench policy.yaml --org org.yaml --traces runs/ --format json",
  );
  command.action(async (file: string | undefined, options: Options) => {
    terminal.exitCode = await bench(file, options, terminal);
  });
}

async function bench(file: string | undefined, options: Options, terminal: Terminal): Promise<number> {
  const settings = await resolveSettings({ ...options, policy: file });
  const { merged } = loadPolicy(settings, terminal);
  // Only traces named here: a benchmark must not take minutes because the config file names a large folder.
  const read = options.traces === undefined ? undefined : await recordedCalls(settings, options, terminal);
  const { benchPolicy } = await import("../bench/measure.js");
  const display = await terminal.progress("Measuring");
  const report = await benchPolicy(merged, read?.recorded, options.seconds, (doing, share) =>
    display.update(doing, share),
  ).finally(() => display.stop());
  if (options.format === "json") {
    const { benchJson } = await import("../../report/json/bench.js");
    const { jsonText } = await import("../../report/json/rule.js");
    terminal.out(jsonText(benchJson(report)));
  } else {
    const { benchText } = await import("../../report/text/bench.js");
    terminal.out(benchText(report, terminal.paint));
  }
  return read?.damaged === true ? EXIT_FAILED : EXIT_OK;
}

async function recordedCalls(
  settings: Settings,
  options: Options,
  terminal: Terminal,
): Promise<{ recorded: RecordedCalls; damaged: boolean }> {
  const { loadTraces } = await import("../load-traces.js");
  const { set, damaged } = await loadTraces(settings, await readOptionsOf(options, settings, terminal), terminal);
  return { recorded: { names: set.names, ids: set.calls.tool }, damaged };
}

function positiveSeconds(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0 && value <= 3600))
    throw new InvalidArgumentError("Give seconds, more than 0 and at most 3600.");
  return value;
}
