import type { Command } from "commander";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.js";
import { writeWhole } from "../files.js";
import {
  addConfigOptions,
  addFormat,
  agentIdOption,
  agentOption,
  contextOption,
  example,
  percentage,
  pointInTime,
  repeatable,
  wholeNumber,
} from "../options.js";
import type { Visit } from "../suites/find-suites.js";
import type { Terminal } from "../terminal.js";
import { type TestOptions, testFormats } from "../test-options.js";
import { reportText } from "../test-report.js";
import { addTraceOptions } from "../trace-options.js";

/** `smoltbot policy test`: policy tests, and the dry run over recorded agent runs. */
export function define(command: Command, terminal: Terminal): void {
  command
    .argument("[file]", "the policy, or a file of policy tests (default: the policy of the config file)")
    .option("--org <file>", "org policy below it")
    .option("--card <file>", "alignment card to check against")
    .option(
      "--suite <source>",
      "policy tests: file, folder or pattern; may be given again (default: policy.test.yaml)",
      repeatable,
    )
    .option("--filter <text>", "only policy tests with this text in their groups or name")
    .option("--rule-coverage", "show which rules the policy tests exercise")
    .option("--min-rule-coverage <percent>", "exit 1 when policy tests exercise fewer of the rules", percentage)
    .option("--watch", "run again when a policy, a card or a policy test changes");
  addTraceOptions(command, "file, folder, pattern or `-`; may be given again (default: this folder's Claude Code transcripts)");
  command
    .addOption(agentOption())
    .addOption(agentIdOption())
    .option("--session <id>", "only the trace or session of this id")
    .option("--limit <n>", "the most recent n traces; 0: all", wholeNumber, 50)
    .option("--since <time>", "only calls from this time on: a date, an ISO 8601 time, or an age such as 7d", pointInTimeNow)
    .option("--until <time>", "only calls before this time", pointInTimeNow)
    .option("--against <policy>", "judge by this older policy, too, and show what changes")
    .option("--against-org <file>", "org policy below the older one (default: the same as below the new one)")
    .option("--no-grace", "judge as if no tool ever had a grace period")
    .option("--strict", "exit 1 on warnings, too")
    .option("--report-only", "exit 0 whatever the traces would do")
    .addOption(contextOption());
  addConfigOptions(command);
  addFormat(command, testFormats);
  command.option("-o, --output <file>", "write the report to this file");
  example(
    command,
    "$ smoltbot policy test policy.yaml --suite tests/ --min-rule-coverage 90 --format junit -o policy-tests.xml",
    "$ smoltbot policy test policy.yaml --traces runs/",
    "$ smoltbot policy test policy.yaml --org org.yaml --traces 'runs/**/*.jsonl' --limit 0 --format json",
    "$ smoltbot policy test new.yaml --against policy.yaml --traces runs/ --format html -o report.html",
  );
  command.action(async (file: string | undefined, options: TestOptions) => {
    const context = command.getOptionValueSource("context") === "cli" ? options.context : undefined;
    const once = (visit: Visit) => test(file, { ...options, askedContext: context }, terminal, visit);
    terminal.exitCode = options.watch ? await watching(once, options, terminal) : await once(() => {});
  });
}

function pointInTimeNow(text: string): number {
  return pointInTime(text, Date.now());
}

/** A mistake in a file is reported as ever, and then waited upon. */
async function watching(once: (visit: Visit) => Promise<number>, { format }: TestOptions, terminal: Terminal): Promise<number> {
  const { watchRuns } = await import("../suites/watch.js");
  return watchRuns(async (visit) => {
    try {
      return await once(visit);
    } catch (error) {
      const { reportFailure } = await import("../report-failure.js");
      await reportFailure(error, { terminal, json: format === "json" });
      return EXIT_FAILED;
    }
  }, terminal);
}

/** Policy tests and recorded runs may read the same policy: what is to be said of it is said once. */
function sayingOnce(terminal: Terminal): Terminal {
  const said = new Set<string>();
  const err = (text: string) => {
    if (!said.has(text)) terminal.err(text);
    said.add(text);
  };
  return Object.assign(Object.create(terminal) as Terminal, { err });
}

interface GivenOptions extends TestOptions {
  /** `--context` where it was given: a suite's own word counts otherwise. */
  readonly askedContext: TestOptions["context"] | undefined;
}

async function test(file: string | undefined, options: GivenOptions, wholeTerminal: Terminal, visit: Visit): Promise<number> {
  const terminal = sayingOnce(wholeTerminal);
  const { planTest } = await import("../suites/plan.js");
  if (file !== undefined) visit(file);
  const { settings, policyGiven, suites: files, replay: isReplay, missing } = await planTest(file, options, terminal, visit);
  for (const path of [settings.policy, settings.org, settings.card]) if (path !== undefined) visit(path);
  const suites =
    files &&
    (await import("../suites/run.js")).runTests(
      files,
      {
        settings,
        policyGiven,
        orgGiven: options.org !== undefined,
        cardGiven: options.card !== undefined,
        context: options.askedContext,
      },
      { ...options, missing },
      terminal,
      visit,
    );
  // A suite as the argument names the policy for both.
  const named = settings.policy === undefined && suites !== undefined ? suites.settings : settings;
  const replay = isReplay ? await (await import("../replay-run.js")).runReplay(named, options, terminal) : undefined;
  const reasons = [...(suites?.reasons ?? []), ...(replay?.reasons ?? [])];
  const outcome = { suites, replay, file: replay?.file ?? named.policy ?? named.org ?? "" };
  const text = await reportText(outcome, options, Date.now(), terminal);
  if (options.output === undefined) for (const piece of typeof text === "string" ? [text] : text) terminal.out(piece);
  else {
    writeWhole(options.output, text);
    for (const reason of reasons) terminal.err(`${reason}\n`);
  }
  return reasons.length === 0 ? EXIT_OK : EXIT_FAILED;
}
