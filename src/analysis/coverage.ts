import type { ToolOutcome } from "../engine/result.js";
import { cardGrants } from "../policy/card.js";
import { type CardCoverage, coverageOf, percentOf } from "../policy/coverage.js";
import type { Capability, Card, Layered, MergedPolicy, Scope } from "../policy/model.js";

/** A tool that is known to exist. */
export interface KnownTool {
  readonly tool: string;
  /** Calls in the traces; 0 for one that only an inventory names. */
  readonly calls: number;
}

/** One action of the card, and what of the policy and of the tools serves it. */
export interface ActionCoverage {
  readonly action: string;
  /** The card forbids it, too, so that no mapping makes it usable. */
  readonly forbidden: boolean;
  /** Positions in `CoverageReport.capabilities`. */
  readonly capabilities: readonly number[];
  /** Tools that are decided by one of these capabilities, most called first. */
  readonly tools: readonly KnownTool[];
}

/** One capability as it was declared: the same name in both layers is two. */
export interface CapabilityCoverage {
  readonly name: string;
  readonly layer: Scope;
  readonly file: string;
  readonly line: number;
  /** As written. `tools` and `calls`: of the tools that this glob decides. */
  readonly globs: readonly { readonly pattern: string; readonly tools: number; readonly calls: number }[];
  readonly cardActions: readonly string[];
  /** Card actions that the card does not grant; empty without a card. */
  readonly missingActions: readonly string[];
  /** Tools that it decides, most called first. */
  readonly tools: readonly KnownTool[];
  /** Tools that it matches, and an earlier capability decides. */
  readonly takenTools: number;
}

/** How much of the tools the policy maps. Tools that a forbidden rule blocks are no gap, so they are counted apart. */
export interface ToolCoverage {
  readonly total: number;
  readonly mapped: number;
  readonly blocked: number;
  /** Mapped, of those that are not blocked: 0 to 100, two decimals. 0 when there is none. */
  readonly mappedPct: number;
  readonly calls: number;
  readonly mappedCalls: number;
  readonly blockedCalls: number;
}

/** Card actions, capabilities and tools, each seen from the others. */
export interface CoverageReport {
  /** Undefined without a card (semantics C1). */
  readonly card: CardCoverage | undefined;
  readonly actions: readonly ActionCoverage[];
  /** In declaration order, org's first. */
  readonly capabilities: readonly CapabilityCoverage[];
  /** Undefined when no tools are known. */
  readonly tools: ToolCoverage | undefined;
  /** Tools that nothing maps and nothing blocks, most called first. */
  readonly unmappedTools: readonly KnownTool[];
  /** Tools that a forbidden rule blocks, most called first. */
  readonly blockedTools: readonly KnownTool[];
}

/** What a policy says of a known tool. */
export interface JudgedTool extends KnownTool {
  readonly outcome: Pick<ToolOutcome, "cause" | "capability" | "alsoMatches">;
}

/** `judged`: undefined when no tools are known. Linear in the policy, the card, and what the tools match. */
export function coverageReport(
  policy: MergedPolicy,
  card: Card | undefined,
  judged: readonly JudgedTool[] | undefined,
): CoverageReport {
  const served = new Served(policy);
  const unmapped: KnownTool[] = [];
  const blocked: KnownTool[] = [];
  for (const each of judged ?? []) {
    const { tool, calls, outcome } = each;
    served.add(each);
    if (outcome.cause === "forbidden") blocked.push({ tool, calls });
    else if (outcome.capability === null) unmapped.push({ tool, calls });
  }
  const grants = card === undefined ? undefined : cardGrants(card);
  const capabilities = policy.capabilities.map((entry, i) => served.coverage(entry, i, grants?.missing));
  return {
    card: card && coverageOf(card, capabilities),
    actions: card === undefined ? [] : actionsOf(card, capabilities),
    capabilities,
    tools: judged && toolCoverage(judged, unmapped, blocked),
    unmappedTools: unmapped.sort(mostCalledFirst),
    blockedTools: blocked.sort(mostCalledFirst),
  };
}

/** The tools of each capability and of each of its globs. */
class Served {
  readonly #places = new Map<string, number>();
  readonly #tools: { readonly tool: KnownTool; readonly pattern: string | undefined }[][];
  readonly #taken: number[];

  constructor(policy: MergedPolicy) {
    policy.capabilities.forEach(({ layer, index }, i) => this.#places.set(`${layer} ${index}`, i));
    this.#tools = policy.capabilities.map(() => []);
    this.#taken = policy.capabilities.map(() => 0);
  }

  add({ tool, calls, outcome: { cause, capability, alsoMatches } }: JudgedTool): void {
    if (cause === "forbidden") return;
    const own = capability === null ? undefined : this.#places.get(`${capability.layer} ${capability.index}`);
    if (own === undefined) return;
    this.#tools[own]?.push({ tool: { tool, calls }, pattern: capability?.pattern });
    const others = new Set<number>();
    for (const rule of alsoMatches) {
      const at = rule.kind === "capability" ? this.#places.get(`${rule.layer} ${rule.index}`) : undefined;
      if (at !== undefined && at !== own) others.add(at);
    }
    for (const at of others) this.#taken[at] = (this.#taken[at] ?? 0) + 1;
  }

  coverage(
    { layer, rule }: Layered<Capability>,
    at: number,
    missing: ((actions: readonly string[]) => readonly string[]) | undefined,
  ): CapabilityCoverage {
    const found = this.#tools[at] ?? [];
    const byPattern = new Map<string | undefined, { tools: number; calls: number }>();
    for (const { tool, pattern } of found) {
      const sum = byPattern.get(pattern) ?? { tools: 0, calls: 0 };
      byPattern.set(pattern, { tools: sum.tools + 1, calls: sum.calls + tool.calls });
    }
    const cardActions = [...new Set(rule.cardActions.map(({ value }) => value))];
    return {
      name: rule.name,
      layer,
      file: rule.span.file,
      line: rule.span.line,
      globs: rule.tools.map(({ glob }) => ({
        pattern: glob.source,
        ...(byPattern.get(glob.source) ?? byPattern.get(glob.text) ?? { tools: 0, calls: 0 }),
      })),
      cardActions,
      missingActions: missing?.(cardActions) ?? [],
      tools: found.map(({ tool }) => tool).sort(mostCalledFirst),
      takenTools: this.#taken[at] ?? 0,
    };
  }
}

function actionsOf(card: Card, capabilities: readonly CapabilityCoverage[]): ActionCoverage[] {
  const forbidden = new Set(card.forbiddenActions);
  const by = new Map<string, number[]>();
  for (const action of card.boundedActions) by.set(action, []);
  capabilities.forEach(({ cardActions }, i) => {
    for (const action of cardActions) by.get(action)?.push(i);
  });
  // Actions that the same capabilities map share one list, however many there are.
  const lists = new Map<string, readonly KnownTool[]>();
  return [...by].map(([action, places]) => {
    const key = places.join(",");
    const tools = lists.get(key) ?? places.flatMap((i) => capabilities[i]?.tools ?? []).sort(mostCalledFirst);
    lists.set(key, tools);
    return { action, forbidden: forbidden.has(action), capabilities: places, tools };
  });
}

function toolCoverage(judged: readonly KnownTool[], unmapped: readonly KnownTool[], blocked: readonly KnownTool[]): ToolCoverage {
  const callsOf = (tools: readonly KnownTool[]) => tools.reduce((sum, { calls }) => sum + calls, 0);
  const mapped = judged.length - unmapped.length - blocked.length;
  const calls = callsOf(judged);
  const blockedCalls = callsOf(blocked);
  return {
    total: judged.length,
    mapped,
    blocked: blocked.length,
    mappedPct: percentOf(mapped, judged.length - blocked.length),
    calls,
    mappedCalls: calls - callsOf(unmapped) - blockedCalls,
    blockedCalls,
  };
}

/** The count, then the name by code units: the same on every machine. */
function mostCalledFirst(a: KnownTool, b: KnownTool): number {
  return b.calls - a.calls || (a.tool < b.tool ? -1 : a.tool > b.tool ? 1 : 0);
}
