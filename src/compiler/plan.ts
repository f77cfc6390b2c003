import { NONE, USE_KIND_CAPABILITY, USE_KIND_FORBIDDEN, USE_KIND_TRIGGER } from "../artifact/layout.js";
import type { Glob } from "../glob/parse.js";
import { severities, triggerActions } from "../policy/lattice.js";
import type { CountTest, ForbiddenRule, Layered, MergedPolicy, Trigger } from "../policy/model.js";
import { RowTable } from "./rows.js";

/** Where a glob is used: rank in the table of its kind, and the place of the glob itself. */
export interface PlanUse {
  readonly kind: number;
  readonly rank: number;
  readonly line: number;
  readonly column: number;
}

/** One distinct glob, its row alone, and all its uses. */
export interface PlanGlob {
  readonly text: string;
  readonly tokens: readonly number[];
  readonly row: number;
  readonly uses: readonly PlanUse[];
}

export interface PlanTerm {
  readonly trigger: number;
  readonly globIds: readonly number[];
  readonly tests: readonly CountTest[];
}

/**
 * The pattern IR: names at the ends, numbers in the middle. Rules are ranked so that the smallest rank decides, distinct
 * globs are numbered in byte order of their text, and each glob carries the row it contributes. Lanes are chosen later.
 */
export interface Plan {
  readonly policy: MergedPolicy;
  readonly globs: readonly PlanGlob[];
  readonly forbidden: readonly (Layered<ForbiddenRule> & { readonly globId: number })[];
  readonly triggers: readonly (Layered<Trigger> & { readonly termStart: number; readonly termCount: number })[];
  readonly terms: readonly PlanTerm[];
  /** Glob ids of each capability entry, in order. */
  readonly capabilityGlobs: readonly (readonly number[])[];
  readonly rows: RowTable;
}

/** Numbers everything. O(n log n) in globs. */
export function planPolicy(policy: MergedPolicy): Plan {
  const forbidden = ranked(policy.forbidden, (r) => -severities.indexOf(r.severity));
  const triggers = ranked(policy.triggers, (r) => -triggerActions.indexOf(r.action));
  const ids = numberGlobs(policy);
  const building = Array.from(ids.keys(), () => ({
    cells: [NONE, NONE, NONE, NONE],
    uses: [] as PlanUse[],
  }));
  const idOf = (glob: Glob) => ids.get(glob.text) as number;
  const use = (id: number, component: number, rank: number, kind: number, line: number, column: number) => {
    const entry = building[id];
    entry.cells[component] = Math.min(entry.cells[component], rank);
    entry.uses.push({ kind, rank, line, column });
  };

  const plannedForbidden = forbidden.map((entry, rank) => {
    const { glob, span } = entry.rule.pattern;
    use(idOf(glob), 0, rank, USE_KIND_FORBIDDEN, span.line, span.column);
    return { ...entry, globId: idOf(glob) };
  });
  const terms: PlanTerm[] = [];
  const plannedTriggers = triggers.map((entry, rank) => {
    const termStart = terms.length;
    for (const term of entry.rule.condition.terms) {
      const globIds = term.globs.map(idOf);
      const simple = globIds.length === 1 && term.tests.length === 0;
      const { line, column } = entry.rule.span;
      for (const id of globIds) {
        if (simple) use(id, 1, rank, USE_KIND_TRIGGER, line, column);
        else building[id].cells[3] = 0;
      }
      terms.push({ trigger: rank, globIds, tests: term.tests });
    }
    return { ...entry, termStart, termCount: terms.length - termStart };
  });
  const capabilityGlobs = policy.capabilities.map((entry, rank) =>
    entry.rule.tools.map(({ glob, span }) => {
      use(idOf(glob), 2, rank, USE_KIND_CAPABILITY, span.line, span.column);
      return idOf(glob);
    }),
  );

  const rows = new RowTable();
  const tokens = new Map<string, readonly number[]>();
  for (const glob of policyGlobs(policy)) tokens.set(glob.text, glob.tokens);
  const globs = Array.from(ids, ([text, id]) => {
    const [f, t, c, g] = building[id].cells;
    return { text, tokens: tokens.get(text) as readonly number[], row: rows.intern(f, t, c, g), uses: building[id].uses };
  });
  return { policy, globs, forbidden: plannedForbidden, triggers: plannedTriggers, terms, capabilityGlobs, rows };
}

/** Rank order: stable, strictest first. */
function ranked<T>(list: readonly Layered<T>[], order: (rule: T) => number): Layered<T>[] {
  return [...list].sort((a, b) => order(a.rule) - order(b.rule));
}

function* policyGlobs(policy: MergedPolicy): Iterable<Glob> {
  for (const { rule } of policy.forbidden) yield rule.pattern.glob;
  for (const { rule } of policy.triggers) for (const term of rule.condition.terms) yield* term.globs;
  for (const { rule } of policy.capabilities) for (const tool of rule.tools) yield tool.glob;
}

/** Canonical text -> id, in code unit order of the text: independent of where in the policy a glob stands. */
function numberGlobs(policy: MergedPolicy): Map<string, number> {
  const texts = new Set<string>();
  for (const glob of policyGlobs(policy)) texts.add(glob.text);
  return new Map([...texts].sort().map((text, id) => [text, id]));
}
