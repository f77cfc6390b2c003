import { hasErrors } from "../diagnostics/diagnostic.js";
import type { StoredRuns } from "../registry/registry.js";
import { replayInputs } from "../trace/io/replay-inputs.js";
import type { ReplayReport } from "../trace/replay-report.js";
import { failure } from "./failure.js";
import { loadCard, loadPolicy, warn } from "./load-policy.js";
import { noTraces, tracesOf, watched } from "./load-traces.js";
import { openReplayEngine } from "./open-policy.js";
import type { AgentRecords } from "./registry/agent-records.js";
import { policyLabel, withAgent } from "./registry/with-agent.js";
import type { Settings } from "./settings.js";
import type { Terminal } from "./terminal.js";
import type { TestOptions } from "./test-options.js";
import { readOptionsOf } from "./trace-options.js";

export interface ReplayOutcome {
  readonly report: ReplayReport;
  /** What it was judged by, as it is shown. */
  readonly file: string;
  /** Whose recorded runs of the registry these are; undefined for files. */
  readonly runsOf: string | undefined;
  /** Why the command exits 1, in words. */
  readonly reasons: readonly string[];
}

/** The dry run over recorded agent runs. @throws CommandFailure when there is no trace to answer for. */
export async function runReplay(settings: Settings, options: TestOptions, terminal: Terminal): Promise<ReplayOutcome> {
  if (options.since !== undefined && options.until !== undefined && options.since >= options.until) {
    throw failure("usage_empty_time_range", "--since is not before --until, so no call is left");
  }
  const { report, file, runsOf } = await withAgent(settings, terminal, (records) =>
    replayAll(settings, options, terminal, records),
  );
  if (report.summary.traces === 0) throw noTraces(report.diagnostics);
  warn(report.diagnostics, new Map(), terminal);
  return { report, file, runsOf, reasons: options.reportOnly ? [] : exitReasons(report, options) };
}

async function replayAll(
  named: Settings,
  options: TestOptions,
  terminal: Terminal,
  records: AgentRecords | undefined,
): Promise<Omit<ReplayOutcome, "reasons">> {
  const settings = records === undefined ? named : await records.completed(named);
  const card = loadCard(settings, Date.now(), terminal);
  const engine = openReplayEngine(loadPolicy(settings, terminal).merged);
  const { against } = options;
  const older = against === undefined ? undefined : { ...settings, policy: against, org: options.againstOrg ?? settings.org };
  const fromStore = records !== undefined && settings.traces.length === 0 && (await records.hasRuns());
  const inputs = fromStore ? [records.runs(storedRange(options))] : await tracesOf(settings);
  const sightings = options.grace ? await records?.sightings() : undefined;
  const given = await readOptionsOf(options, settings, terminal);
  // How a file has to be read says nothing of what is stored; how its names are judged does.
  const reading = fromStore ? { ...given, format: undefined, fields: undefined } : given;
  const report = await watched("Replaying traces", terminal, (watch) =>
    replayInputs(
      engine,
      inputs,
      { ...reading, ...watch },
      {
        agent: settings.agent,
        session: options.session,
        sinceMs: options.since,
        untilMs: options.until,
        limit: options.limit,
        noGrace: !options.grace,
        sightings,
        card,
        context: options.context,
        against: older === undefined ? undefined : openReplayEngine(loadPolicy(older, terminal).merged),
      },
    ),
  );
  return { report, file: policyLabel(settings), runsOf: fromStore ? records.agent : undefined };
}

/** Only what the replay looks at is read: when each tool was first used, the sightings say. */
function storedRange({ since, until, limit, session }: TestOptions): Omit<StoredRuns, "agent"> {
  const traces = limit === 0 || session !== undefined ? undefined : limit;
  return { sinceMs: since, untilMs: until, traces };
}

/** Semantics R3. Input that was only understood in part is a reason, too: what was not read was not judged. */
function exitReasons({ summary, diagnostics, partial }: ReplayReport, { strict }: TestOptions): string[] {
  const reasons: string[] = [];
  const traces = (n: number) => (n === 1 ? "1 trace" : `${n} traces`);
  if (summary.fail > 0) reasons.push(`${traces(summary.fail)} would fail`);
  if (strict && summary.warn > 0) reasons.push(`${traces(summary.warn)} would warn, and --strict counts them`);
  if (partial !== undefined) reasons.push("reading was stopped, so some traces were not judged");
  else if (hasErrors(diagnostics)) reasons.push("some of the traces could not be read");
  return reasons;
}
