import type {
  CapabilityEntry,
  DefaultsEntry,
  ForbiddenEntry,
  SourcedValue,
  TermEntry,
  TriggerEntry,
} from "../artifact/artifact.js";
import { type ArtifactContent, encodeArtifact } from "../artifact/encode.js";
import { LANE_DFA, LANE_GRAM, LANE_LENGTH, LANE_LITERAL, LANE_PARALLEL, LANE_PREFIX, LANE_SUFFIX } from "../artifact/layout.js";
import type { Span } from "../diagnostics/diagnostic.js";
import type { MergedPolicy, Sourced } from "../policy/model.js";
import { policyDigest } from "./digest.js";
import { signature } from "./grams.js";
import { chooseLanes, defaultBudget, type LaneBudget, type Lanes } from "./lanes.js";
import { type Plan, planPolicy } from "./plan.js";

export interface CompileOptions {
  /** Smaller budgets force lanes; the answers stay the same. */
  readonly budget?: Partial<LaneBudget>;
  /** Milliseconds, for the report only; the default is a clock that stands still. */
  readonly clock?: () => number;
}

/** What compiling did. Only `milliseconds` depends on the machine. */
export interface CompileReport {
  readonly globs: number;
  readonly rows: number;
  /** Globs by lane. */
  readonly lanes: {
    readonly literal: number;
    readonly dfa: number;
    readonly prefix: number;
    readonly suffix: number;
    readonly gram: number;
    readonly length: number;
    readonly parallel: number;
  };
  readonly dfa:
    | { readonly states: number; readonly statesBeforeMinimization: number; readonly classes: number; readonly work: number }
    | undefined;
  /** Which budget the automaton passed, so that the indexed lanes took over. */
  readonly overBudget: "states" | "work" | undefined;
  readonly literalsComplete: boolean;
  readonly artifactBytes: number;
  readonly milliseconds: readonly { readonly stage: string; readonly ms: number }[];
}

export interface Compiled {
  /** The artifact, see artifact/FORMAT.md. */
  readonly bytes: Uint8Array;
  readonly report: CompileReport;
}

/**
 * Compiles a merged policy: plan -> literals | automaton | indexed lanes -> artifact. Every legal policy compiles; budgets count
 * states and work, never time, so equal input gives equal bytes.
 */
export function compilePolicy(policy: MergedPolicy, options: CompileOptions = {}): Compiled {
  const clock = options.clock ?? (() => 0);
  const budget = { ...defaultBudget, ...options.budget };
  const started = clock();
  const plan = planPolicy(policy);
  const planned = clock();
  const lanes = chooseLanes(plan, budget, clock);
  const chosen = clock();
  const bytes = encodeArtifact(content(plan, lanes));
  const ended = clock();
  const milliseconds = new Map(lanes.milliseconds);
  milliseconds.set("plan", planned - started + (milliseconds.get("plan") ?? 0));
  milliseconds.set("encode", ended - chosen);
  milliseconds.set("total", ended - started);
  return { bytes, report: report(plan, lanes, bytes, milliseconds) };
}

function report(plan: Plan, lanes: Lanes, bytes: Uint8Array, milliseconds: ReadonlyMap<string, number>): CompileReport {
  const count = (lane: number) => lanes.laneOf.reduce((sum, l) => sum + (l === lane ? 1 : 0), 0);
  const { dfa } = lanes;
  return {
    globs: plan.globs.length,
    rows: plan.rows.count,
    lanes: {
      literal: count(LANE_LITERAL),
      dfa: count(LANE_DFA),
      prefix: count(LANE_PREFIX),
      suffix: count(LANE_SUFFIX),
      gram: count(LANE_GRAM),
      length: count(LANE_LENGTH),
      parallel: count(LANE_PARALLEL),
    },
    dfa:
      dfa === undefined
        ? undefined
        : {
            states: dfa.stateCount,
            statesBeforeMinimization: dfa.statesBeforeMinimization,
            classes: dfa.classCount,
            work: dfa.work,
          },
    overBudget: lanes.overBudget,
    literalsComplete: lanes.literalsComplete,
    artifactBytes: bytes.length,
    milliseconds: Array.from(milliseconds, ([stage, ms]) => ({ stage, ms })),
  };
}

function content(plan: Plan, lanes: Lanes): ArtifactContent {
  const { policy } = plan;
  const { grams } = lanes;
  const capabilities: CapabilityEntry[] = policy.capabilities.map(({ layer, index, rule }, rank) => ({
    name: rule.name,
    layer,
    index,
    description: rule.description ?? "",
    cardActions: rule.cardActions.map((action) => action.value),
    globIds: plan.capabilityGlobs[rank],
    ...place(rule.span),
  }));
  const forbidden: ForbiddenEntry[] = plan.forbidden.map(({ layer, index, rule, globId }) => ({
    severity: rule.severity,
    layer,
    index,
    pattern: rule.pattern.glob.source,
    globId,
    reason: rule.reason,
    ...place(rule.pattern.span),
  }));
  const triggers: TriggerEntry[] = plan.triggers.map(({ layer, index, rule, termStart, termCount }) => ({
    action: rule.action,
    layer,
    index,
    condition: rule.condition.text,
    reason: rule.reason,
    termStart,
    termCount,
    ...place(rule.span),
  }));
  return {
    digest: policyDigest(policy),
    name: policy.name,
    description: policy.description ?? "",
    sources: policy.sources,
    defaults: defaultsEntry(policy),
    forbidden,
    triggers,
    terms: plan.terms as readonly TermEntry[],
    capabilities,
    globs: plan.globs.map((glob, id) => ({
      text: glob.text,
      nameBytesMin: nameBytesMin(glob.tokens),
      row: glob.row,
      lane: lanes.laneOf[id],
      uses: glob.uses,
    })),
    rows: plan.rows.cells(),
    basis: lanes.basis,
    literals: lanes.literals,
    literalsComplete: lanes.literalsComplete,
    dfa: lanes.dfa,
    prefixes: lanes.prefixes,
    suffixes: lanes.suffixes,
    grams:
      grams === undefined
        ? undefined
        : {
            ...grams,
            postings: Uint32Array.from(
              grams.postings.flatMap((entry, i) => [
                entry.glob.id,
                entry.glob.row,
                entry.glob.nameBytesMin,
                lanes.reserved[i],
                ...signature(entry.glob),
              ]),
            ),
            sizes: new Set(grams.postings.map((entry) => entry.size)),
          },
    lengthRows: lanes.lengthRows,
    parallel: lanes.parallel,
    reserve: lanes.reserve,
    verifyBudget: lanes.verifyBudget,
  };
}

function nameBytesMin(tokens: readonly number[]): number {
  let bytes = 0;
  for (const token of tokens) {
    if (token === -1) continue;
    bytes += token < 0x80 ? 1 : token < 0x800 ? 2 : token < 0x10000 ? 3 : 4;
  }
  return bytes;
}

const nowhere = { file: "", line: 0, column: 0 };

function place(span: Span | undefined): { file: string; line: number; column: number } {
  return span === undefined ? nowhere : { file: span.file, line: span.line, column: span.column };
}

function defaultsEntry(policy: MergedPolicy): DefaultsEntry {
  const entry = <T>(field: Sourced<T>): SourcedValue<T> => ({
    value: field.value,
    // A guardrail never sets a default.
    layer: field.layer === "transaction" ? "default" : field.layer,
    ...place(field.span),
  });
  const d = policy.defaults;
  return {
    unmappedToolAction: entry(d.unmappedToolAction),
    unmappedSeverity: entry(d.unmappedSeverity),
    failOpen: entry(d.failOpen),
    enforcementMode: entry(d.enforcementMode),
    graceMs: { ...entry(d.gracePeriodHours), value: d.gracePeriodHours.value * 3_600_000 },
    failOn: entry(d.failOn),
  };
}
