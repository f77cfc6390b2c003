import { type CommandFailure, failure } from "../failure.js";
import { findConfig } from "../find-config.js";
import { withAgent } from "../registry/with-agent.js";
import { resolveSettings, type Settings } from "../settings.js";
import type { Terminal } from "../terminal.js";
import type { TestOptions } from "../test-options.js";
import { findSuites, isSuiteName, suiteBeside, type Visit } from "./find-suites.js";

/** What a run of `policy test` does. */
export interface TestPlan {
  readonly settings: Settings;
  /** The argument is a policy, and not a suite that names one. */
  readonly policyGiven: boolean;
  /** Files of policy tests; without any, but not undefined, only the inline examples of the policy are run. */
  readonly suites: readonly string[] | undefined;
  readonly replay: boolean;
  /** Nothing was named, and this is why no recorded runs are replayed: examples stand in for them, or it is thrown. */
  readonly missing: CommandFailure | undefined;
}

/**
 * Suites run where they are named, where one stands beside the policy, or where an option speaks of them; recorded runs where
 * they are named, or where an option speaks of them, or where no suite was found: a pipeline without the runs it names must
 * not pass because rules have examples. Where nothing at all is named and this folder has no recorded runs, examples run alone.
 */
export async function planTest(
  argument: string | undefined,
  options: TestOptions,
  terminal: Terminal,
  visit: Visit,
): Promise<TestPlan> {
  const isSuite = argument !== undefined && isSuiteName(argument);
  const policyGiven = argument !== undefined && !isSuite;
  // Before it is read: a mistake in it is waited upon, too.
  const config = findConfig(options);
  if (config !== undefined) visit(config);
  const settings = await resolveSettings({
    ...options,
    policy: isSuite ? undefined : argument,
    agent: options.agent ?? options.agentId,
  });
  const named = [...(isSuite ? [argument] : []), ...(options.suite ?? [])];
  const suites = named.length > 0 ? findSuites(named, visit) : unnamed(settings, options, visit);
  const aboutTraces = [options.traces, options.against, options.session, options.since, options.until];
  const wantsReplay = aboutTraces.some((option) => option !== undefined);
  const plan = { settings, policyGiven, missing: undefined };
  if (suites !== undefined)
    return checked({ ...plan, suites, replay: wantsReplay || (named.length === 0 && settings.traces.length > 0) }, options);
  const missing = isBare(settings, options) && !(await hasStoredRuns(settings, terminal)) ? await noTranscripts() : undefined;
  return missing === undefined ? { ...plan, suites: undefined, replay: true } : { ...plan, suites: [], replay: false, missing };
}

/** The registry has recorded runs of the agent. */
function hasStoredRuns(settings: Settings, terminal: Terminal): Promise<boolean> {
  return withAgent(settings, terminal, async (records) => records?.hasRuns() ?? false);
}

async function noTranscripts(): Promise<CommandFailure | undefined> {
  return (await import("../load-traces.js")).missingTraces();
}

/** No option speaks of recorded runs, and the config file names none. */
function isBare({ traces }: Settings, options: TestOptions): boolean {
  const { against, againstOrg, session, since, until, strict, reportOnly, card, agent, agentId, format, grace } = options;
  const spoken = [against, againstOrg, session, since, until, strict, reportOnly, card, agent, agentId];
  return traces.length === 0 && spoken.every((option) => option === undefined) && grace && format !== "html";
}

/** Without `--suite`: the one beside the policy, unless only recorded runs were asked for. */
function unnamed(settings: Settings, options: TestOptions, visit: Visit): readonly string[] | undefined {
  const aboutSuites = [options.filter, options.ruleCoverage, options.minRuleCoverage];
  const asked = aboutSuites.some((option) => option !== undefined);
  if (options.traces !== undefined && !asked) return undefined;
  const beside = settings.policy === undefined ? undefined : suiteBeside(settings.policy, visit);
  if (beside !== undefined) return [beside];
  return asked ? [] : undefined;
}

function checked(plan: TestPlan, { format }: TestOptions): TestPlan {
  if (format === "html") throw failure("usage_html_for_suites", "policy tests were to be run, and the format is html");
  return plan;
}
