import type { Artifact, GlobUse, SourcedValue, Table } from "../../src/artifact/artifact.js";
import { NONE } from "../../src/artifact/layout.js";
import { planPolicy } from "../../src/compiler/plan.js";
import { RowTable } from "../../src/compiler/rows.js";
import { type Engine, type EngineOptions, openArtifact } from "../../src/engine/engine.js";
import type { Evaluator, PackedNames, Row } from "../../src/engine/evaluator.js";
import { unpackName } from "../../src/engine/tool-names.js";
import { ANY, STAR } from "../../src/glob/parse.js";
import type { MergedPolicy, Sourced } from "../../src/policy/model.js";

/** An artifact without bytes, straight from the plan: tests of the engine then do not depend on encode, decode and lanes. */
export function artifactDouble(policy: MergedPolicy): Artifact {
  const plan = planPolicy(policy);
  const fileOf = (layer: string) => policy.sources.find((source) => source.layer === layer)?.file ?? "";
  const sourced = <T>({ value, layer, span }: Sourced<T>): SourcedValue<T> => ({
    value,
    layer: layer === "transaction" ? "default" : layer,
    file: span?.file ?? "",
    line: span?.line ?? 0,
    column: span?.column ?? 0,
  });
  const { defaults } = policy;
  const useKinds: readonly GlobUse["kind"][] = ["forbidden", "trigger", "capability"];
  return {
    bytes: new Uint8Array(0),
    digest: "00".repeat(32),
    name: policy.name,
    description: policy.description ?? "",
    sources: policy.sources,
    defaults: {
      unmappedToolAction: sourced(defaults.unmappedToolAction),
      unmappedSeverity: sourced(defaults.unmappedSeverity),
      failOpen: sourced(defaults.failOpen),
      enforcementMode: sourced(defaults.enforcementMode),
      graceMs: { ...sourced(defaults.gracePeriodHours), value: defaults.gracePeriodHours.value * 3_600_000 },
      failOn: sourced(defaults.failOn),
    },
    forbidden: table(
      plan.forbidden.map(({ layer, index, rule, globId }) => {
        const { line, column } = rule.pattern.span;
        const { reason, severity } = rule;
        return { severity, layer, index, pattern: rule.pattern.glob.source, globId, reason, file: fileOf(layer), line, column };
      }),
    ),
    triggers: table(
      plan.triggers.map(({ layer, index, rule, termStart, termCount }) => {
        const { line, column } = rule.span;
        const { action, reason } = rule;
        return {
          action,
          layer,
          index,
          condition: rule.condition.text,
          reason,
          termStart,
          termCount,
          file: fileOf(layer),
          line,
          column,
        };
      }),
    ),
    terms: table(plan.terms),
    capabilities: table(
      policy.capabilities.map(({ layer, index, rule }, rank) => {
        const { line, column } = rule.span;
        const cardActions = rule.cardActions.map(({ value }) => value);
        const place = { file: fileOf(layer), line, column };
        return {
          name: rule.name,
          layer,
          index,
          description: rule.description ?? "",
          cardActions,
          globIds: plan.capabilityGlobs[rank],
          ...place,
        };
      }),
    ),
    globs: table(
      plan.globs.map(({ text, uses }) => ({
        text,
        uses: uses.map(({ kind, rank, line, column }) => ({ kind: useKinds[kind], rank, line, column })),
      })),
    ),
    rowCount: plan.rows.count,
  };
}

function table<T>(entries: readonly T[]): Table<T> {
  return { count: entries.length, get: (index) => entries[index] };
}

/** Tries every glob on every name, and joins rows as it goes. `rowsMax` small makes batches stop early. */
export class NaiveEvaluator implements Evaluator {
  readonly kind = "js";
  generation = 0;
  /** It does not look, so every name may be wide. */
  get wide(): boolean {
    return true;
  }
  set wide(_: boolean) {}
  private readonly plan: ReturnType<typeof planPolicy>;
  private readonly fixed: number;
  private rows: RowTable;

  constructor(
    policy: MergedPolicy,
    private readonly joinedMax = 1000,
  ) {
    this.plan = planPolicy(policy);
    this.rows = this.plan.rows;
    this.fixed = this.rows.count;
  }

  classify(name: string): number {
    let id = this.join(name);
    if (id >= this.fixed + this.joinedMax) {
      this.resetRows();
      id = this.join(name);
    }
    return id;
  }

  classifyBatch(names: PackedNames, from: number, rows: Uint32Array): number {
    for (let i = from; i < names.count; i++) {
      const id = this.join(unpackName(names, i));
      if (id >= this.fixed + this.joinedMax) return i;
      rows[i] = id;
    }
    return names.count;
  }

  row(id: number): Row {
    if (id >= this.rows.count) throw new RangeError(`no row ${id}`);
    const at = (component: number) => this.rows.at(id, component);
    return { forbidden: at(0), trigger: at(1), capability: at(2), guarded: at(3) };
  }

  countIds(ids: Uint32Array, limit: number): Uint32Array | undefined {
    if (ids.some((id) => id >= limit)) return undefined;
    return Uint32Array.from({ length: limit }, (_, id) => ids.filter((other) => other === id).length);
  }

  resetRows(): void {
    const kept = new RowTable();
    for (let id = 0; id < this.fixed; id++)
      kept.intern(this.rows.at(id, 0), this.rows.at(id, 1), this.rows.at(id, 2), this.rows.at(id, 3));
    this.rows = kept;
    this.generation++;
  }

  matchGlob(globId: number, name: string): boolean {
    return naiveMatch(this.plan.globs[globId].tokens, points(name));
  }

  /** Interns only the final row, as evaluators do: no more than one id a name. */
  private join(name: string): number {
    const cells = [NONE, NONE, NONE, NONE];
    for (const { tokens, row } of this.plan.globs) {
      if (!naiveMatch(tokens, points(name))) continue;
      for (let c = 0; c < 4; c++) cells[c] = Math.min(cells[c], this.rows.at(row, c));
    }
    return this.rows.intern(cells[0], cells[1], cells[2], cells[3]);
  }
}

function points(name: string): readonly number[] {
  return Array.from(name, (character) => character.codePointAt(0) as number);
}

/** Every split of the name, token by token. */
function naiveMatch(tokens: readonly number[], name: readonly number[]): boolean {
  let ends = new Set([0]);
  for (const token of tokens) {
    const next = new Set<number>();
    for (const end of ends) {
      if (token === STAR) for (let at = end; at <= name.length; at++) next.add(at);
      else if (end < name.length && (token === ANY || token === name[end])) next.add(end + 1);
    }
    ends = next;
  }
  return ends.has(name.length);
}

/** An engine over the double. */
export function engineDouble(policy: MergedPolicy, options: EngineOptions = {}, joinedMax?: number): Engine {
  const evaluator = new NaiveEvaluator(policy, joinedMax);
  return openArtifact(artifactDouble(policy), options, { single: evaluator, bulk: evaluator });
}
