import type { OutcomeChange, RuleChange, Undecided } from "../../analysis/diff/policy-diff.js";
import type { Direction } from "../../analysis/outcome.js";
import type { RuleRef } from "../../engine/result.js";
import type { DiffRun } from "../diff-run.js";
import {
  causeLines,
  causesKey,
  changeMarks,
  circumstanceWords,
  defaultWords,
  directionTitles,
  fieldWords,
  outcomeWords,
  planWords,
  ruleCountWords,
  sizeWords,
  withEchoes,
} from "../text/diff-words.js";
import { count } from "../text/words.js";
import { folded, joinedBlocks } from "./blocks.js";
import { codeSpan, markdownTable, prose } from "./inline.js";

/** Rows of one table, names and causes of one row: a comment is read, not searched. */
const rowsMax = 20;
const namesMax = 3;
const causesMax = 4;

/** A comparison as a pull-request comment: weaker first and open, the rest folded away. */
export function diffMarkdown({ diff, before, after, exitReasons, version }: DiffRun): string {
  const weaker = [...diff.changes, ...diff.defaults].some(({ direction }) => direction === "weaker");
  const mark = exitReasons.length > 0 ? "✗" : weaker || !diff.complete ? "!" : "✓";
  const verdict = diff.equal ? "no tool name is judged differently" : planWords(diff.changes);
  const head = [
    `### ${mark} Policy diff: ${verdict}`,
    "",
    `${codeSpan(before)} → ${codeSpan(after)}: ${ruleCountWords(diff.rules)}.`,
    ...exitReasons.flatMap((reason) => ["", `**Exit code 1:** ${prose(reason)}`]),
    ...inventoryLine(diff.inventory),
  ];
  const foot = `<sub>smoltbot-policy ${prose(version)}, policy diff${diff.cardChecked ? "" : "; without a card"}</sub>\n`;
  const defaults =
    diff.defaults.length === 0 ? [] : ["#### Defaults", "", ...diff.defaults.map((each) => `- ${codeSpan(defaultWords(each))}`)];
  return joinedBlocks(
    [
      head,
      changeBlock("weaker", diff.changes),
      undecidedBlock(diff.undecided),
      defaults,
      folded(`Stricter (${of(diff.changes, "stricter").length})`, changeTable(of(diff.changes, "stricter"))),
      folded(`Other (${of(diff.changes, "other").length})`, changeTable(of(diff.changes, "other"))),
      folded(`Rules as written (${diff.rules.length})`, ruleTable(diff.rules)),
    ].filter((block) => block.length > 0),
    foot,
    "JSON",
  );
}

function of(changes: readonly OutcomeChange[], direction: Direction): readonly OutcomeChange[] {
  return changes.filter((change) => change.direction === direction);
}

function inventoryLine(inventory: DiffRun["diff"]["inventory"]): string[] {
  if (inventory === undefined) return [];
  const { changed, names, invalid } = inventory;
  const left = invalid === 0 ? "" : `; ${count(invalid, "name")} left out as no valid tool names`;
  return ["", `Of the inventory, ${count(changed, "name")} of ${names.toLocaleString("en-US")} changed${left}.`];
}

function changeBlock(direction: Direction, changes: readonly OutcomeChange[]): string[] {
  const own = of(changes, direction);
  return own.length === 0 ? [] : [`#### ${directionTitles[direction]} (${own.length})`, "", ...changeTable(own)];
}

/** Shared with the floor. */
export function changeTable(changes: readonly OutcomeChange[]): string[] {
  if (changes.length === 0) return [];
  const listed = changes.some(({ inventory }) => inventory.length > 0);
  const own = withEchoes(changes);
  const heads = ["old", "new", "names", "such as", ...(listed ? ["in the inventory"] : []), "because of"];
  const rows = own.slice(0, rowsMax).map(({ change, echoes }, i) => {
    const previous = own[i - 1]?.change;
    const isSame = previous !== undefined && causesKey(previous) === causesKey(change);
    const when = circumstanceWords(change.circumstance);
    return [
      words(outcomeWords(change.before, change)),
      [
        `${words(outcomeWords(change.after, change))}${when === undefined ? "" : `<br>${prose(when)}`}`,
        ...echoes.map((echo) => `also ${prose(circumstanceWords(echo.circumstance) as string)}: ${echoCell(echo)}`),
      ].join("<br>"),
      sizeWords(change),
      change.names
        .slice(0, typeof change.size === "bigint" ? namesMax : 1)
        .map(codeSpan)
        .join(", "),
      ...(listed ? [inventoryCell(change)] : []),
      isSame ? "the same" : causeCell(change),
    ];
  });
  return [...markdownTable(heads, rows), ...more(own.length)];
}

function echoCell(echo: OutcomeChange): string {
  return `${words(outcomeWords(echo.before, echo))} → ${words(outcomeWords(echo.after, echo))}`;
}

/** Only the card actions in an outcome's words are from outside. */
function words(text: string): string {
  return /^[a-z0-9_ (),]*$/.test(text) ? text.replaceAll("_", "\\_") : codeSpan(text);
}

function inventoryCell({ inventory }: OutcomeChange): string {
  if (inventory.length === 0) return "";
  const rest = inventory.length - namesMax;
  return `${inventory.length.toLocaleString("en-US")}: ${inventory.slice(0, namesMax).map(codeSpan).join(", ")}${rest > 0 ? `, and ${rest.toLocaleString("en-US")} more` : ""}`;
}

function causeCell({ causes, causesComplete }: OutcomeChange): string {
  const all = causeLines(causes);
  const shown = all.slice(0, causesMax).map(({ change, rule, places }) => {
    const at = places.length === 0 ? "" : ` ${places.map(codeSpan).join(" → ")}`;
    return `${ruleWords(rule)} ${change}${at}`;
  });
  const rest = all.length - causesMax;
  return [...shown, ...(rest > 0 ? [`and ${count(rest, "more rule")}`] : []), ...(causesComplete ? [] : ["perhaps others"])].join(
    "<br>",
  );
}

function ruleWords(rule: RuleRef): string {
  const glob = rule.kind === "capability" && rule.pattern !== undefined ? `, glob ${codeSpan(rule.pattern)}` : "";
  return `${rule.kind} ${codeSpan(rule.label)}${glob}`;
}

function ruleTable(rules: readonly RuleChange[]): string[] {
  if (rules.length === 0) return [];
  const rows = rules.slice(0, rowsMax).map((change) => {
    const rule = (change.after ?? change.before) as RuleRef;
    const places = [change.before, change.after].flatMap((each) =>
      each === undefined || each.file === "" ? [] : [`${each.file}:${each.line}`],
    );
    return [
      changeMarks[change.change],
      ruleWords(rule),
      fieldWords(change).map(codeSpan).join("<br>"),
      change.effective ? "" : "not seen to decide a change",
      [...new Set(places)].map(codeSpan).join(" → "),
    ];
  });
  return [...markdownTable(["", "rule", "edit", "", "place"], rows), ...more(rules.length)];
}

export function undecidedBlock(undecided: readonly Undecided[]): string[] {
  if (undecided.length === 0) return [];
  const rows = undecided.slice(0, rowsMax).map(({ question, reason, change }) => {
    const pair =
      change === undefined
        ? ""
        : `: ${codeSpan(`${outcomeWords(change.before, change)} → ${outcomeWords(change.after, change)}`)}`;
    return `- ${prose(question)}${pair}; ${prose(reason)}`;
  });
  return [`#### Not decided (${undecided.length})`, "", ...rows, ...more(undecided.length)];
}

function more(all: number): string[] {
  return all > rowsMax ? ["", `and ${(all - rowsMax).toLocaleString("en-US")} more`] : [];
}
