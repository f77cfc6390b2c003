import { parseGlob } from "../../glob/parse.js";
import type { Capability, Condition, GlobRef, Policy } from "../../policy/model.js";
import { isConditionFault, parseCondition } from "../condition.js";
import { child, type DocumentNode, type MappingEntry, type SourceDocument } from "../node.js";
import { removeFromBlock } from "./block.js";
import { removeFromFlow } from "./flow.js";
import { skipTrivia } from "./lines.js";
import { replaceText } from "./scalar.js";
import type { TextEdit } from "./text-edit.js";

/** Where a rule stands in its file: sections in the order of the file, all positions 0-based. */
export type RulePlace =
  | { readonly section: "forbidden"; readonly index: number }
  | { readonly section: "escalation_triggers"; readonly index: number }
  /** With `tool` one of its globs, else the whole capability. */
  | { readonly section: "capability_mappings"; readonly index: number; readonly tool?: number };

export type RuleEdit =
  | { readonly kind: "remove"; readonly place: RulePlace }
  /** Writes `glob` where `old` stands; in a condition, everywhere it stands. */
  | { readonly kind: "replace"; readonly place: RulePlace; readonly old: string; readonly glob: string };

/** What is to be taken out, section by section. A capability whose last glob goes, goes itself: it may not be empty (D3). */
interface Removals {
  readonly forbidden: ReadonlySet<number>;
  readonly triggers: ReadonlySet<number>;
  readonly capabilities: ReadonlySet<number>;
  readonly tools: ReadonlyMap<number, ReadonlySet<number>>;
}

function removalsOf(edits: readonly RuleEdit[], toolCount: (capability: number) => number): Removals {
  const forbidden = new Set<number>();
  const triggers = new Set<number>();
  const capabilities = new Set<number>();
  const tools = new Map<number, Set<number>>();
  for (const { kind, place } of edits) {
    if (kind !== "remove") continue;
    if (place.section === "forbidden") forbidden.add(place.index);
    else if (place.section === "escalation_triggers") triggers.add(place.index);
    else if (place.tool === undefined) capabilities.add(place.index);
    else tools.set(place.index, (tools.get(place.index) ?? new Set()).add(place.tool));
  }
  for (const [index, removed] of tools) if (removed.size >= toolCount(index)) capabilities.add(index);
  for (const index of capabilities) tools.delete(index);
  return { forbidden, triggers, capabilities, tools };
}

/** The policy that the edits mean, without regard to any text: what the edited text has to read as. Places stay the old ones. */
export function editedPolicy(policy: Policy, edits: readonly RuleEdit[]): Policy {
  const removals = removalsOf(edits, (index) => policy.capabilities[index]?.tools.length ?? 0);
  const replaced = new Replacements(edits);
  return {
    ...policy,
    capabilities: policy.capabilities
      .map((capability, index) => withTools(capability, index, removals, replaced))
      .filter((_, index) => !removals.capabilities.has(index)),
    forbidden: policy.forbidden
      .map((rule, index) => ({ ...rule, pattern: replaced.globRef(rule.pattern, { section: "forbidden", index }) }))
      .filter((_, index) => !removals.forbidden.has(index)),
    triggers: policy.triggers
      .map((rule, index) => ({
        ...rule,
        condition: replaced.condition(rule.condition, { section: "escalation_triggers", index }),
      }))
      .filter((_, index) => !removals.triggers.has(index)),
  };
}

function withTools(capability: Capability, index: number, removals: Removals, replaced: Replacements): Capability {
  const tools = capability.tools
    .map((ref, tool) => replaced.globRef(ref, { section: "capability_mappings", index, tool }))
    .filter((_, tool) => !removals.tools.get(index)?.has(tool));
  return { ...capability, tools };
}

/** The replacements by place. */
class Replacements {
  readonly #byPlace = new Map<string, Map<string, string>>();

  constructor(edits: readonly RuleEdit[]) {
    for (const edit of edits) {
      if (edit.kind !== "replace") continue;
      const key = placeKey(edit.place);
      const globs = this.#byPlace.get(key) ?? new Map<string, string>();
      this.#byPlace.set(key, globs.set(edit.old, edit.glob));
    }
  }

  at(place: RulePlace): ReadonlyMap<string, string> | undefined {
    return this.#byPlace.get(placeKey(place));
  }

  globRef(ref: GlobRef, place: RulePlace): GlobRef {
    const source = this.at(place)?.get(ref.glob.source);
    const glob = source === undefined ? ref.glob : parseGlob(source);
    return typeof glob === "string" ? ref : { ...ref, glob };
  }

  condition(condition: Condition, place: RulePlace): Condition {
    const globs = this.at(place);
    const text = globs === undefined ? undefined : replacedCondition(condition.text, globs);
    const parsed = text === undefined ? undefined : parseCondition(text);
    return parsed === undefined || isConditionFault(parsed) ? condition : parsed.condition;
  }
}

function placeKey(place: RulePlace): string {
  return `${place.section} ${place.index} ${"tool" in place ? place.tool : ""}`;
}

/** The condition with other globs inside its quotes; undefined where they cannot stand there. */
function replacedCondition(text: string, globs: ReadonlyMap<string, string>): string | undefined {
  const parsed = parseCondition(text);
  if (isConditionFault(parsed)) return undefined;
  let changed = "";
  let at = 0;
  for (const { glob, start, end } of parsed.globs) {
    const other = globs.get(glob.source);
    if (other === undefined) continue;
    const quote = text[start]!;
    if (other.includes(quote)) return undefined;
    changed += text.slice(at, start) + quote + other + quote;
    at = end;
  }
  return changed + text.slice(at);
}

/**
 * The edits as edits of the text: everything else stays byte for byte. Undefined where the text has a shape that is not cut
 * without doubt; the caller then leaves the file alone. Linear in the text.
 */
export function placeRuleEdits(document: SourceDocument, edits: readonly RuleEdit[]): TextEdit[] | undefined {
  const { source, root } = document;
  const mappings = child(root, "capability_mappings");
  const capabilities = mappings?.kind === "mapping" ? [...mappings.entries.values()] : [];
  const toolsOf = (index: number) => child(capabilities[index]?.value, "tools");
  const removals = removalsOf(edits, (index) => itemsOf(toolsOf(index)).length);
  const placed: (TextEdit[] | undefined)[] = [
    removeEntries(source.text, root, "forbidden", removals.forbidden, "[]"),
    removeEntries(source.text, root, "escalation_triggers", removals.triggers, "[]"),
    removeEntries(source.text, root, "capability_mappings", removals.capabilities, "{}"),
    ...[...removals.tools].map(([index, tools]) => removeFrom(source.text, toolsOf(index), tools)),
    ...replacementEdits(document, edits, removals, toolsOf),
  ];
  const all: TextEdit[] = [];
  for (const each of placed) {
    if (each === undefined) return undefined;
    all.push(...each);
  }
  return all;
}

function itemsOf(node: DocumentNode | undefined): readonly DocumentNode[] {
  return node?.kind === "list" ? node.items : [];
}

function removeFrom(text: string, node: DocumentNode | undefined, removed: ReadonlySet<number>): TextEdit[] | undefined {
  if (node === undefined) return undefined;
  return "[{".includes(text[node.start] ?? " ") ? removeFromFlow(text, node, removed) : removeFromBlock(text, node, removed);
}

/** Entries of a section; one that would be empty is written `[]` or `{}` behind its key. */
function removeEntries(
  text: string,
  root: DocumentNode,
  section: string,
  removed: ReadonlySet<number>,
  empty: string,
): TextEdit[] | undefined {
  if (removed.size === 0) return [];
  const entry = root.kind === "mapping" ? root.entries.get(section) : undefined;
  if (entry === undefined) return undefined;
  const { value } = entry;
  const count = value.kind === "list" ? value.items.length : value.kind === "mapping" ? value.entries.size : 0;
  const edits = removeFrom(text, value, removed);
  if (edits === undefined || removed.size < count || "[{".includes(text[value.start] ?? " ")) return edits;
  const colon = colonOf(text, entry);
  return colon === undefined ? undefined : [{ start: colon + 1, end: colon + 1, text: ` ${empty}` }, ...edits];
}

function colonOf(text: string, { keyEnd }: MappingEntry): number | undefined {
  const at = skipTrivia(text, keyEnd);
  return text[at] === ":" ? at : undefined;
}

function replacementEdits(
  { source, root }: SourceDocument,
  edits: readonly RuleEdit[],
  removals: Removals,
  toolsOf: (index: number) => DocumentNode | undefined,
): (TextEdit[] | undefined)[] {
  const replaced = new Replacements(edits);
  const seen = new Set<string>();
  const placed: (TextEdit[] | undefined)[] = [];
  for (const { kind, place } of edits) {
    const globs = replaced.at(place);
    if (kind !== "replace" || globs === undefined || seen.has(placeKey(place)) || isRemoved(place, removals)) continue;
    seen.add(placeKey(place));
    const item = itemsOf(child(root, place.section))[place.index];
    const node =
      place.section === "capability_mappings"
        ? itemsOf(toolsOf(place.index))[place.tool ?? -1]
        : child(item, place.section === "forbidden" ? "pattern" : "condition");
    const value = node?.kind === "scalar" && typeof node.value === "string" ? node.value : undefined;
    const other =
      value === undefined || place.section !== "escalation_triggers" ? globs.get(value ?? "") : replacedCondition(value, globs);
    placed.push(node?.kind !== "scalar" || other === undefined ? undefined : [replaceText(source.text, node, other)]);
  }
  return placed;
}

function isRemoved(place: RulePlace, { forbidden, triggers, capabilities, tools }: Removals): boolean {
  if (place.section === "forbidden") return forbidden.has(place.index);
  if (place.section === "escalation_triggers") return triggers.has(place.index);
  return capabilities.has(place.index) || (place.tool !== undefined && (tools.get(place.index)?.has(place.tool) ?? false));
}
