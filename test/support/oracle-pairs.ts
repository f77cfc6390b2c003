import type { Prior } from "../../src/analysis/priors.js";
import { type Glob, parseGlob } from "../../src/glob/parse.js";
import { enforcementModes, severities, triggerActions, unmappedActions } from "../../src/policy/lattice.js";
import type {
  Capability,
  Card,
  ConditionTerm,
  CountTest,
  Defaults,
  ForbiddenRule,
  Policy,
  Scope,
  Trigger,
} from "../../src/policy/model.js";
import type { OracleLayers } from "./oracle-verdicts.js";
import { Draw } from "./random-policy.js";

export interface PolicyPair {
  readonly before: OracleLayers;
  readonly after: OracleLayers;
  readonly card: Card | undefined;
}

const actions = ["read", "write", "pay"];
type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Draft = Writable<Policy> & { capabilities: Capability[]; forbidden: ForbiddenRule[]; triggers: Trigger[] };

/** Pairs of small policies, the second an edit of the first or one of its own. Every rule has a line of its own. */
export class PairDraw extends Draw {
  #line = 1;
  /** Most globs of a pair are some of these: rules that have nothing to do with each other prove little. */
  #pool: readonly string[] = [];
  /** Count tests of this pair so far. */
  #tests = 0;
  readonly #globs = new Map<string, Glob>();
  /** Few longer globs, so that what is known of one can be kept. */
  readonly #long: readonly string[];

  constructor(
    seed: number,
    readonly options: { readonly countsPercent: number } = { countsPercent: 10 },
  ) {
    super(seed);
    const own = new Draw(20_261_122);
    this.#long = Array.from({ length: 40 }, () => this.#text(own, 5 + own.below(3)));
  }

  pair(): PolicyPair {
    this.#begin();
    const counts = this.chance(this.options.countsPercent);
    const which = this.of(["org", "agent", "both", "both"]);
    const layers = (): OracleLayers => ({
      ...(which === "agent" ? {} : { org: this.policy("org", counts) }),
      ...(which === "org" ? {} : { agent: this.policy("agent", counts) }),
    });
    const before = layers();
    const after = this.chance(25) ? layers() : this.#edited(before, counts);
    return { before, after, card: this.chance(35) ? this.card() : undefined };
  }

  /** An org and an agent of it, drawn apart. */
  layers(): { readonly org: Policy; readonly agent: Policy; readonly card: Card | undefined } {
    this.#begin();
    const counts = this.chance(this.options.countsPercent);
    const [org, agent] = [this.policy("org", counts), this.policy("agent", counts)];
    return { org, agent, card: this.chance(25) ? this.card() : undefined };
  }

  /** Whether the policies drawn last test counts. */
  get counts(): boolean {
    return this.#tests > 0;
  }

  #begin(): void {
    this.#tests = 0;
    this.#pool = Array.from({ length: 3 + this.below(8) }, () => this.#fresh());
  }

  /** Some calls into a session. */
  prior(): Prior {
    const unmappedCount = this.below(3);
    const unmappedOrgCount = unmappedCount + this.below(2);
    const toolCount = unmappedOrgCount + this.below(3);
    return { toolCount, unmappedOrgCount, unmappedCount, violationCount: this.below(toolCount + 1) };
  }

  card(): Card {
    return { boundedActions: this.list(3, () => this.of(actions)), forbiddenActions: this.list(1, () => this.of(actions)) };
  }

  policy(scope: Scope, counts: boolean): Policy {
    const capabilities: Capability[] = [];
    for (let left = this.below(5); left > 0; ) {
      const tools = 1 + this.below(Math.min(left, 2));
      capabilities.push(this.#capability(scope, `${scope} ${capabilities.length}`, tools));
      left -= tools;
    }
    return {
      meta: { schemaVersion: "1.0", name: scope, scope },
      capabilities,
      forbidden: this.list(4, () => this.#rule(scope)),
      triggers: this.list(this.chance(60) ? 2 : 3, () => this.#trigger(scope, counts)),
      defaults: this.#defaults(),
      file: `${scope}.yaml`,
    };
  }

  globText(): string {
    return this.#pool.length > 0 && this.chance(85) ? this.of(this.#pool) : this.#fresh();
  }

  #fresh(): string {
    return this.chance(4) ? this.of(this.#long) : this.#text(this, 1 + this.below(4));
  }

  #text(draw: Draw, tokens: number): string {
    return Array.from({ length: tokens }, () => draw.of(["a", "b", "a", "b", "*", "*", "?"])).join("");
  }

  #glob(): Glob {
    const text = this.globText();
    let glob = this.#globs.get(text);
    if (glob === undefined) {
      const parsed = parseGlob(text);
      if (typeof parsed === "string") throw new Error(`drew a glob that is ${parsed}`);
      glob = parsed;
      this.#globs.set(text, glob);
    }
    return glob;
  }

  #span(scope: Scope) {
    this.#line++;
    return { file: `${scope}.yaml`, line: this.#line, column: 3, endLine: this.#line, endColumn: 9 };
  }

  #rule(scope: Scope): ForbiddenRule {
    const span = this.#span(scope);
    return { pattern: { glob: this.#glob(), span }, reason: this.of(["r", "s"]), severity: this.of(severities), span };
  }

  #capability(scope: Scope, name: string, tools: number): Capability {
    return {
      name,
      tools: Array.from({ length: tools }, () => ({ glob: this.#glob(), span: this.#span(scope) })),
      cardActions: [this.of(actions), ...this.list(1, () => this.of(actions))].map((value) => ({
        value,
        span: this.#span(scope),
      })),
      span: this.#span(scope),
    };
  }

  #trigger(scope: Scope, counts: boolean): Trigger {
    const terms = [this.#term(counts), ...(this.chance(25) ? [this.#term(counts)] : [])];
    const span = this.#span(scope);
    return { condition: { text: `condition ${span.line}`, terms }, action: this.of(triggerActions), reason: "t", span };
  }

  #term(counts: boolean): ConditionTerm {
    const test = (): CountTest => ({
      count: this.of(["tool_count", "unmapped_tool_count", "violation_count"] as const),
      comparison: this.of([">", ">=", "<", "<=", "==", "!="] as const),
      value: this.below(4),
    });
    // Kinds of sessions multiply with every test: few are enough.
    const tests = counts && this.#tests < 3 && this.chance(40) ? [test(), ...this.list(1, test)] : [];
    this.#tests += tests.length;
    const globs = Array.from({ length: this.of([1, 1, 1, 2, tests.length > 0 ? 0 : 3]) }, () => this.#glob());
    return { globs, tests };
  }

  #defaults(): Defaults {
    return {
      unmappedToolAction: this.of(unmappedActions),
      unmappedSeverity: this.of(severities),
      failOpen: this.chance(50),
      ...(this.chance(70) ? { enforcementMode: this.of([...enforcementModes, "enforce", "enforce"] as const) } : {}),
      ...(this.chance(30) ? { gracePeriodHours: this.of([0, 24, 48]) } : {}),
      ...(this.chance(35) ? { failOn: this.of(severities) } : {}),
      spans: new Map(),
    };
  }

  #edited(layers: OracleLayers, counts: boolean): OracleLayers {
    const drafts = [layers.org, layers.agent].filter((own) => own !== undefined).map(draftOf);
    for (let edits = 1 + this.below(3); edits > 0; edits--) {
      if (drafts.length === 2 && this.chance(12)) this.#handOver(drafts);
      else this.#edit(this.of(drafts), counts);
    }
    const of = (scope: Scope) => drafts.find((draft) => draft.meta.scope === scope);
    const [org, agent] = [of("org"), of("agent")];
    return { ...(org && { org }), ...(agent && { agent }) };
  }

  /** A rule that one layer had the other has. */
  #handOver(drafts: readonly Draft[]): void {
    const to = this.of(drafts);
    const from = drafts[to === drafts[0] ? 1 : 0];
    const kind = this.of(["triggers", "triggers", "forbidden", "capabilities"] as const);
    const rules: unknown[] = from[kind];
    const taken = rules.splice(this.below(rules.length + 1), 1);
    (to[kind] as unknown[]).splice(this.below(to[kind].length + 1), 0, ...taken);
  }

  #edit(draft: Draft, counts: boolean): void {
    const { scope } = draft.meta;
    const place = <T>(list: T[]) => this.below(list.length + 1);
    switch (this.of([0, 1, 2, 3, 4, 5, 6, 7, 7, 8, 9])) {
      case 0:
        draft.forbidden.splice(place(draft.forbidden), 1);
        return;
      case 1:
        draft.forbidden.splice(place(draft.forbidden), 0, this.#rule(scope));
        return;
      case 2:
        this.#alter(draft.forbidden, (rule) => ({ ...rule, severity: this.of(severities) }));
        return;
      case 3:
        draft.triggers.splice(place(draft.triggers), this.below(2), this.#trigger(scope, counts));
        return;
      case 4:
        draft.triggers.splice(place(draft.triggers), 1);
        return;
      case 5:
        this.#alter(draft.triggers, (rule) => ({ ...rule, action: this.of(triggerActions) }));
        return;
      case 6:
        draft.capabilities.splice(place(draft.capabilities), 0, this.#capability(scope, `new ${this.#line}`, 1 + this.below(2)));
        return;
      case 7:
        draft.capabilities.splice(place(draft.capabilities), 0, ...draft.capabilities.splice(place(draft.capabilities), 1));
        return;
      case 8:
        this.#alter(draft.capabilities, (rule) =>
          this.chance(50)
            ? this.#capability(scope, rule.name, 1 + this.below(2))
            : { ...rule, tools: rule.tools.length > 1 ? rule.tools.slice(1) : rule.tools },
        );
        return;
      default:
        draft.defaults = this.chance(50) ? { ...draft.defaults, ...this.#oneDefault() } : draft.defaults;
        draft.capabilities.splice(place(draft.capabilities), 1);
    }
  }

  #oneDefault(): Partial<Defaults> {
    const fresh = this.#defaults();
    return this.of([
      { unmappedToolAction: fresh.unmappedToolAction },
      { unmappedSeverity: fresh.unmappedSeverity },
      { enforcementMode: fresh.enforcementMode ?? "enforce" },
      { failOn: fresh.failOn ?? "high" },
    ] as const);
  }

  #alter<T>(list: T[], change: (item: T) => T): void {
    if (list.length === 0) return;
    const at = this.below(list.length);
    list[at] = change(list[at]);
  }
}

function draftOf(policy: Policy): Draft {
  return {
    ...policy,
    capabilities: [...policy.capabilities],
    forbidden: [...policy.forbidden],
    triggers: [...policy.triggers],
  };
}

/** Every glob text of some layers, canonical, each once. */
export function globTextsOf(...all: readonly OracleLayers[]): string[] {
  const texts = new Set<string>();
  for (const policy of all.flatMap(({ org, agent }) => [org, agent])) {
    for (const { tools } of policy?.capabilities ?? []) for (const { glob } of tools) texts.add(glob.text);
    for (const { pattern } of policy?.forbidden ?? []) texts.add(pattern.glob.text);
    for (const { condition } of policy?.triggers ?? [])
      for (const { globs } of condition.terms) for (const { text } of globs) texts.add(text);
  }
  return [...texts].sort();
}
