import { quoteText } from "../../diagnostics/escape.js";
import { lintFixRoundsMax } from "../../limits.js";
import type { Policy } from "../../policy/model.js";
import type { ShownLint } from "../../report/lint-run.js";
import { editedPolicy, placeRuleEdits, type RuleEdit } from "../../syntax/edit/rule-edits.js";
import { applyTextEdits } from "../../syntax/edit/text-edit.js";
import { printPolicy } from "../../syntax/print.js";
import { failure } from "../failure.js";
import { parsePolicyFile } from "../policy-file.js";
import type { Looked, NotLinted } from "./look.js";
import { editKey, ruleEditOf } from "./plan-edits.js";
import type { Comparison } from "./unchanged.js";

export interface FixOptions {
  /** Also write globs as the inventory spells them, which changes what the policy does. */
  readonly spelling: boolean;
  readonly look: (text: string) => Looked | NotLinted;
  /** Whether no tool name is judged differently under the second policy; asked of every change but spelling. */
  readonly unchanged: (before: Policy, after: Policy) => Comparison;
}

export interface Fixed {
  /** The last look, at the text as it is now. */
  readonly looked: Looked;
  readonly fixed: readonly ShownLint[];
  /** Findings with a safe edit that was not made: not proven, or in a text of a shape that is not cut. */
  readonly left: readonly ShownLint[];
}

/** A finding and what it asks for. */
interface Planned {
  readonly finding: ShownLint;
  readonly edit: RuleEdit;
}

/**
 * Makes the safe edits, looks again, and so on until there are none. Removals that are safe one by one need not be so
 * together: rules that a finding refers to are not removed in the same round, and what cannot be proven is left for the next.
 * @throws CommandFailure `lint_fix_unproven` when an edit that was called safe changes an outcome by itself.
 */
export function fixPolicy(start: Looked, options: FixOptions): Fixed {
  let looked = start;
  const fixed: ShownLint[] = [];
  let left: readonly ShownLint[] = [];
  for (let round = 0; round < lintFixRoundsMax; round++) {
    const { text, made, ...rest } = fixRound(looked, options);
    left = rest.left;
    if (made.length === 0) break;
    const next = options.look(text);
    if (!next.valid) throw unproven(looked.file, "the edited text is not a valid policy");
    fixed.push(...made);
    looked = next;
  }
  return { looked, fixed, left };
}

interface Round {
  readonly text: string;
  readonly made: readonly ShownLint[];
  readonly left: readonly ShownLint[];
}

function fixRound(looked: Looked, options: FixOptions): Round {
  const planned = planOf(looked, options.spelling);
  let text = looked.document.source.text;
  const made: Planned[] = [];
  let refused: Planned | undefined;
  const take = (some: readonly Planned[]): void => {
    if (some.length === 0) return;
    const result = attempt(looked, [...made, ...some], options);
    if (typeof result === "object") {
      text = result.text;
      made.push(...some);
    } else if (some.length > 1) {
      const half = some.length >> 1;
      take(some.slice(0, half));
      take(some.slice(half));
    } else if (result === "different") refused ??= some[0];
  };
  take(planned);
  // Beside others an edit may have to wait; alone it has no excuse.
  if (refused !== undefined && made.length === 0) throw notSafe(looked.file, refused.finding);
  const left = planned.filter((each) => !made.includes(each)).map(({ finding }) => finding);
  return { text, made: made.map(({ finding }) => finding), left };
}

/** One edit for each place; none of a rule whose reason to go is another rule that goes. */
function planOf({ findings, policy }: Looked, spelling: boolean): Planned[] {
  const planned = new Map<string, Planned>();
  const going = new Set<string>();
  for (const finding of findings) {
    const { edit: asked, safe, related, code } = finding;
    // A name that is only the nearest one is a guess; one that differs by case is what was meant.
    if (asked === undefined || !(safe || (spelling && code === "case_only_miss"))) continue;
    const edit = ruleEditOf(finding, policy);
    if (edit === undefined || planned.has(editKey(edit)) || related.some(({ rule }) => going.has(ruleKey(rule)))) continue;
    planned.set(editKey(edit), { finding, edit });
    if (edit.kind === "remove") going.add(ruleKey(asked.rule));
  }
  return [...planned.values()];
}

function ruleKey({ layer, kind, index, pattern }: { layer: string; kind: string; index: number; pattern?: string }): string {
  return JSON.stringify([layer, kind, index, kind === "capability" ? pattern : ""]);
}

/** The text with the edits; `unplaced` when it cannot be cut without doubt, else why it may not be written. */
function attempt(
  looked: Looked,
  planned: readonly Planned[],
  { unchanged }: FixOptions,
): { text: string } | "unplaced" | Exclude<Comparison, "equal"> {
  const { document, policy, file } = looked;
  const edits = planned.map(({ edit }) => edit);
  const placed = placeRuleEdits(document, edits);
  const text = placed && applyTextEdits(document.source.text, placed);
  const after = text === undefined ? undefined : parsePolicyFile(text, file).policy;
  if (text === undefined || after === undefined) return "unplaced";
  if (printPolicy(after) !== printPolicy(editedPolicy(policy, edits))) return "unplaced";
  const spelled = planned.filter(({ finding }) => !finding.safe).map(({ edit }) => edit);
  const comparison = unchanged(spelled.length === 0 ? policy : editedPolicy(policy, spelled), after);
  return comparison === "equal" ? { text } : comparison;
}

function notSafe(file: string, { code, span }: ShownLint): Error {
  return unproven(file, `\`${code}\` in line ${span.line} asks for a change of outcomes`);
}

function unproven(file: string, what: string): Error {
  return failure("lint_fix_unproven", `the fixes of ${quoteText(file, 400)} are not proven to change nothing: ${what}`);
}
