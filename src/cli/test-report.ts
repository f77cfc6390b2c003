import { plain } from "../report/paint.js";
import type { ReplayFrame } from "../report/replay-frame.js";
import type { SuiteFrame } from "../report/suite-frame.js";
import { version } from "../version.generated.js";
import type { ReplayOutcome } from "./replay-run.js";
import type { SuiteOutcome } from "./suites/run.js";
import type { Terminal } from "./terminal.js";
import type { TestOptions } from "./test-options.js";

/** What one run of `policy test` found: policy tests, a replay, or both. */
export interface TestOutcome {
  readonly suites: SuiteOutcome | undefined;
  readonly replay: ReplayOutcome | undefined;
  /** The policy file as the user named it. */
  readonly file: string;
}

interface Framed {
  readonly suites: (SuiteOutcome & { readonly frame: SuiteFrame }) | undefined;
  readonly replay: (ReplayOutcome & { readonly frame: ReplayFrame }) | undefined;
  readonly exit: { readonly code: number; readonly reasons: readonly string[] };
}

type Text = string | Generator<string>;

/** The report in the format that was asked for; only that one's code is loaded. Policy tests come first. */
export async function reportText(
  { suites, replay, file }: TestOutcome,
  options: Pick<TestOptions, "format" | "output" | "ruleCoverage">,
  nowMs: number,
  terminal: Terminal,
): Promise<Text> {
  const shared = { generatedAtMs: nowMs, version };
  const reasons = [...(suites?.reasons ?? []), ...(replay?.reasons ?? [])];
  const framed: Framed = {
    suites: suites && { ...suites, frame: { ...shared, exitReasons: suites.reasons, allRules: options.ruleCoverage === true } },
    replay: replay && { ...replay, frame: { ...shared, exitReasons: replay.reasons, file, runsOf: replay.runsOf } },
    exit: { code: reasons.length === 0 ? 0 : 1, reasons },
  };
  switch (options.format) {
    case "json":
      return json(framed);
    case "markdown":
      return markdown(framed);
    case "junit":
      return junit(framed);
    case "sarif":
      return sarif(framed);
    case "html":
      return html(framed);
    default:
      return text(framed, options.output === undefined ? terminal.paint : plain);
  }
}

async function text({ suites, replay }: Framed, paint: Terminal["paint"]): Promise<Text> {
  const parts: string[] = [];
  if (suites !== undefined) {
    const { suiteText } = await import("../report/text/suite.js");
    parts.push(suiteText(suites.run, suites.frame, paint));
  }
  if (replay !== undefined) {
    const { replayText } = await import("../report/text/replay.js");
    parts.push(replayText(replay.report, replay.frame, paint));
  }
  return parts.join("\n");
}

/** One document: that of the replay with `suites` beside its fields, or, without a replay, one of its own. */
async function json({ suites, replay, exit }: Framed): Promise<Text> {
  const { jsonPieces } = await import("../report/json/rule.js");
  const documents: object[] = [];
  if (replay !== undefined) {
    const { replayJson } = await import("../report/json/replay.js");
    documents.push(replayJson(replay.report, exit));
  }
  if (suites !== undefined) {
    const { suiteRunJson, suitesJson } = await import("../report/json/suite.js");
    documents.push(replay === undefined ? suitesJson(suites.run, exit) : { suites: suiteRunJson(suites.run) });
  }
  return jsonPieces(Object.assign({}, ...documents));
}

async function markdown({ suites, replay }: Framed): Promise<Text> {
  const blocks: string[][] = [];
  let foot = "";
  if (suites !== undefined) {
    const { suiteBlocks, suiteFoot } = await import("../report/markdown/suite.js");
    blocks.push(...suiteBlocks(suites.run, suites.frame));
    foot = suiteFoot(suites.frame);
  }
  if (replay !== undefined) {
    const { replayBlocks, replayFoot } = await import("../report/markdown/replay.js");
    blocks.push(...replayBlocks(replay.report, replay.frame));
    foot = replayFoot(replay.report, replay.frame);
  }
  const { joinedBlocks } = await import("../report/markdown/blocks.js");
  return joinedBlocks(blocks, foot);
}

async function junit({ suites, replay }: Framed): Promise<Text> {
  const { junitText } = await import("../report/junit/test-suites.js");
  const { suitesOf } = await import("../report/junit/suite.js");
  const { replaySuite } = await import("../report/junit/replay.js");
  return junitText(replay === undefined ? "smoltbot policy test" : `smoltbot policy test ${replay.frame.file}`, [
    ...(suites === undefined ? [] : suitesOf(suites.run, suites.frame)),
    ...(replay === undefined ? [] : [replaySuite(replay.report, replay.frame)]),
  ]);
}

async function sarif({ suites, replay }: Framed): Promise<Text> {
  const { sarifLog } = await import("../report/sarif/log.js");
  const runs: object[] = [];
  if (suites !== undefined) runs.push((await import("../report/sarif/suite.js")).suiteSarifRun(suites.run, suites.frame));
  if (replay !== undefined) runs.push((await import("../report/sarif/replay.js")).replayRun(replay.report, replay.frame));
  return sarifLog(...runs);
}

/** Recorded runs only; policy tests have been refused by now. */
async function html({ replay }: Framed): Promise<Text> {
  const { replayHtml } = await import("../report/html/replay.js");
  return replay === undefined ? "" : replayHtml(replay.report, replay.frame);
}
