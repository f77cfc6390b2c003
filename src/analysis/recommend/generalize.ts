import { matchGlob } from "../../glob/match.js";
import { type Glob, parseGlob } from "../../glob/parse.js";
import { namesServer } from "../../policy/merge.js";
import { type AssignedTool, type Group, sureFrom } from "./assign.js";
import { careOf, type DraftGlob, type DraftProof, type DraftRequest } from "./draft.js";
import { type Barred, type Candidate, proveGlobs, type Refusal } from "./prove.js";
import type { VerbClass } from "./verbs.js";

/** The globs of each group, and what was proven about those with wildcards. */
export interface Generalized {
  readonly globs: readonly (readonly DraftGlob[])[];
  readonly proof: Omit<DraftProof, "forbiddenRules" | "unobservedNames">;
  /** Globs of existing capabilities that are not in the draft, by group. */
  readonly dropped: ReadonlyMap<number, readonly string[]>;
}

interface Wanted extends Candidate {
  readonly group: number;
  readonly kind: "general" | "kept";
  readonly tools: readonly AssignedTool[];
}

/** Verbs whose tools are listed one by one unless the draft is permissive, and those that always are. */
const seldomGeneral: ReadonlySet<VerbClass> = new Set(["execute", "admin"]);
const neverGeneral: ReadonlySet<VerbClass> = new Set(["delete", "other"]);

/**
 * Literal names, and globs where they are supported: those of the existing policy that were used, and `server__verb_*` where enough
 * tools with that verb were. Every glob with a wildcard is proven (prove.ts) to match no name that a forbidden rule matches and
 * no name that exists and is not one of its tools; what cannot be proven is written as literal names.
 */
export function generalize(groups: readonly Group[], request: DraftRequest, barred: Barred): Generalized {
  const owner = new Map<string, number>();
  groups.forEach(({ tools }, i) => {
    for (const { tool } of tools) owner.set(tool.tool, i);
  });
  const kept = groups.flatMap((group, i) => keptGlobs(group, i, request, owner));
  const refused: Refusal[] = [];
  const first = proveGlobs(kept, barred);
  refused.push(...first.refused);
  const accepted = without(kept, first.refused);
  const covered = new Set(accepted.flatMap(({ tools }) => tools.map(({ tool }) => tool.tool)));
  const general = groups.flatMap((group, i) => generalGlobs(group, i, request, covered, owner));
  const second = proveGlobs(general, barred);
  refused.push(...second.refused);
  accepted.push(...without(general, second.refused));
  const byGroup = groups.map((): Wanted[] => []);
  for (const each of accepted) byGroup[each.group]?.push(each);
  const globs = groups.map((group, i) => globsOf(group, byGroup[i] ?? []));
  return {
    globs,
    dropped: droppedGlobs(groups, globs),
    proof: {
      wildcardGlobs: accepted.filter(({ glob }) => /[*?]/.test(glob.text)).length,
      states: first.states + second.states,
      refused: refused.map(({ candidate, witness, why }) => ({ pattern: candidate.glob.source, witness, why })),
    },
  };
}

function without(wanted: readonly Wanted[], refused: readonly Refusal[]): Wanted[] {
  const bad = new Set<Candidate>(refused.map(({ candidate }) => candidate));
  return wanted.filter((each) => !bad.has(each));
}

/** Existing globs that were used; of a permissive draft also unused ones. A strict draft spells out what was used. */
function keptGlobs(group: Group, at: number, { strictness, org }: DraftRequest, owner: ReadonlyMap<string, number>): Wanted[] {
  if (group.capability === undefined || strictness === "strict") return [];
  const denied = org?.defaults.unmappedToolAction === "deny";
  return group.capability.tools.flatMap(({ glob }): Wanted[] => {
    const tools = group.tools.filter(({ tool }) => matchGlob(glob.text, tool.tool));
    const literal = !/[*?]/.test(glob.text);
    if (literal ? tools.length > 0 || strictness !== "permissive" : tools.length === 0 && strictness !== "permissive") return [];
    // Bare wildcards stand for every tool there will ever be, whatever was called.
    if (/^[*?]+$/.test(glob.text)) return [];
    // Over an org that denies, M4 wants a server named.
    if (!literal && (denied ? !namesServer(glob) : strictness !== "permissive" && meetsAnyServer(glob))) return [];
    // An earlier capability decides its own tools, whatever this glob matches.
    return [{ glob, group: at, kind: "kept", tools, admits: (name) => (owner.get(name) ?? at + 1) <= at }];
  });
}

/** Whether a glob with wildcards may match tools of MCP servers that it does not name: `*_*`, `m*`, `mcp__*__list*`. */
function meetsAnyServer(glob: Glob): boolean {
  const head = glob.text.slice(0, glob.text.search(/[*?]/));
  return ("mcp__".startsWith(head) || head.startsWith("mcp__")) && !namesServer(glob);
}

/** One glob for tools of one MCP server whose names begin with the same words up to their verb. */
function generalGlobs(
  group: Group,
  at: number,
  { strictness }: DraftRequest,
  covered: ReadonlySet<string>,
  owner: ReadonlyMap<string, number>,
): Wanted[] {
  const { generalizeFrom, sessionsMin } = careOf[strictness];
  if (generalizeFrom === undefined) return [];
  const heads = new Map<string, AssignedTool[]>();
  for (const each of group.tools) {
    const { name, tool, alignment } = each;
    const unfit = neverGeneral.has(name.verbClass) || (seldomGeneral.has(name.verbClass) && strictness !== "permissive");
    // What may belong elsewhere is no evidence for more of the same.
    if (unfit || alignment < sureFrom || covered.has(tool.tool) || !name.prefix.startsWith("mcp__")) continue;
    const verb = name.words.find(({ text }) => text === name.verb);
    if (verb === undefined) continue;
    const head = name.prefix + name.tool.slice(0, verb.end);
    heads.set(head, [...(heads.get(head) ?? []), each]);
  }
  return [...heads]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([head, tools]): Wanted[] => {
      const longer = tools.filter(({ tool }) => tool.tool.length > head.length);
      if (longer.length < generalizeFrom || (sessionsMin > 1 && withoutBusiest(longer) < generalizeFrom)) return [];
      const glob = parseGlob(`${commonHead(longer, head.length)}*`);
      if (typeof glob === "string") return [];
      return [{ glob, group: at, kind: "general", tools: longer, admits: (name) => owner.get(name) === at }];
    });
}

/** Tools left without the session that alone called most of them: one session that was led astray must not bring about a glob. */
function withoutBusiest(tools: readonly AssignedTool[]): number {
  const alone = new Map<number, number>();
  for (const { tool } of tools) {
    if (tool.onlySession !== undefined) alone.set(tool.onlySession, (alone.get(tool.onlySession) ?? 0) + 1);
  }
  let most = 0;
  for (const count of alone.values()) most = Math.max(most, count);
  return tools.length - most;
}

/** The longest beginning that ends with a word or the mark behind it. `least`: code units that all have in common. */
function commonHead(tools: readonly AssignedTool[], least: number): string {
  const [{ tool: first, name: parted }, ...others] = tools as [AssignedTool, ...AssignedTool[]];
  const isCommon = (length: number) =>
    others.every(({ tool }) => tool.tool.length > length && tool.tool.startsWith(first.tool.slice(0, length)));
  let length = least;
  for (const { end } of parted.words) {
    const at = parted.prefix.length + end;
    const mark = /[_.-]/.test(first.tool[at] ?? "") ? 1 : 0;
    for (const longer of [at, at + mark]) {
      // A word that goes on in other names is not common: `get` of `getter`.
      if (longer > length && longer < first.tool.length && isCommon(longer) && endsWord(tools, longer)) length = longer;
    }
  }
  const marked = length + 1;
  return /[_.-]/.test(first.tool[length] ?? "") && isCommon(marked) && marked < first.tool.length
    ? first.tool.slice(0, marked)
    : first.tool.slice(0, length);
}

function endsWord(tools: readonly AssignedTool[], at: number): boolean {
  return tools.every(({ name }) => {
    const before = at - name.prefix.length;
    return name.words.some(({ end }) => end === before || (end === before - 1 && /[_.-]/.test(name.tool[end] ?? "")));
  });
}

/** Globs with wildcards first, then the names they do not cover; each by its text. */
function globsOf(group: Group, accepted: readonly Wanted[]): DraftGlob[] {
  const rest = new Map(group.tools.map(({ tool }) => [tool.tool, tool]));
  const globs: DraftGlob[] = accepted.map(({ glob, kind, tools }) => {
    for (const { tool } of tools) rest.delete(tool.tool);
    return { pattern: glob.source, kind, tools: tools.map(({ tool }) => tool) };
  });
  const literals = [...rest.values()].map((tool): DraftGlob => ({ pattern: tool.tool, kind: "literal", tools: [tool] }));
  return [...globs, ...literals];
}

function droppedGlobs(groups: readonly Group[], globs: readonly (readonly DraftGlob[])[]): Map<number, string[]> {
  const dropped = new Map<number, string[]>();
  groups.forEach(({ capability }, i) => {
    const left = new Set(globs[i]?.map(({ pattern }) => pattern));
    const gone = (capability?.tools ?? []).map(({ glob }: { glob: Glob }) => glob.source).filter((source) => !left.has(source));
    if (gone.length > 0) dropped.set(i, gone);
  });
  return dropped;
}
