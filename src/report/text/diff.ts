import type { OutcomeChange, PolicyDiff, RuleChange, Undecided } from "../../analysis/diff/policy-diff.js";
import type { Direction, Outcome } from "../../analysis/outcome.js";
import { escapeText } from "../../diagnostics/escape.js";
import type { DiffRun } from "../diff-run.js";
import type { Paint } from "../paint.js";
import {
  causeLines,
  causeName,
  causesKey,
  changedRuleName,
  changeMarks,
  circumstanceWords,
  defaultWords,
  directionTitles,
  fieldWords,
  outcomeWords,
  placeOf,
  planWords,
  ruleCountWords,
  sizeWords,
  withEchoes,
} from "./diff-words.js";
import { andMore, count, lines, listed } from "./words.js";

/** Names and causes shown with one change. */
const namesShown = 5;
const causesShown = 8;
/** Characters of a name that is shown whole. */
const nameShown = 120;

/** A comparison for people: what was edited, then what that means, weaker first. */
export function diffText({ diff, before, after, exitReasons }: DiffRun, paint: Paint): string {
  const directions: readonly Direction[] = ["weaker", "stricter", "other"];
  return lines(
    `${paint.strong("Policy diff")} ${escapeText(before)} -> ${escapeText(after)}`,
    `~ ${ruleCountWords(diff.rules)}`,
    ruleLines(diff, paint),
    diff.defaults.map((change) => `  ~ ${defaultWords(change)}`),
    directions.flatMap((direction) => directionLines(direction, diff.changes, paint)),
    undecidedLines(diff.undecided, paint),
    "",
    verdictLines(diff, paint),
    exitReasons.map((reason) => paint.fail(`✗ ${escapeText(reason)}`)),
  );
}

function ruleLines({ rules }: PolicyDiff, paint: Paint): string[] {
  return listed(
    rules.map((change) => {
      const mark = changeMarks[change.change];
      const at = [change.before, change.after].flatMap((rule) => (rule === undefined || rule.file === "" ? [] : [placeOf(rule)]));
      const fields = fieldWords(change);
      const what = fields.length === 0 ? "" : `: ${fields.join("; ")}`;
      return `${mark} ${changedRuleName(change)}${what}${effectWords(change)}  ${paint.faint([...new Set(at)].join(" -> "))}`;
    }),
  );
}

function effectWords({ effective }: RuleChange): string {
  return effective ? "" : " (not seen to decide a change)";
}

function directionLines(direction: Direction, changes: readonly OutcomeChange[], paint: Paint): string[] {
  const own = changes.filter((change) => change.direction === direction);
  if (own.length === 0) return [];
  const title = `${directionTitles[direction]} (${own.length.toLocaleString("en-US")})`;
  return [
    "",
    paint.strong(direction === "weaker" ? paint.warn(title) : title),
    ...withEchoes(own).flatMap(({ change, echoes }, i, all) => [
      ...changeLines(change, paint, all[i - 1]?.change),
      ...echoes.map((echo) => `    also ${circumstanceWords(echo.circumstance)}: ${pairWords(echo, paint)}`),
    ]),
  ];
}

/** One change: outcomes, names, what is hit of the inventory, causes. Shared with the floor. */
export function changeLines(change: OutcomeChange, paint: Paint, previous?: OutcomeChange): string[] {
  const { witness, names, inventory } = change;
  const when = circumstanceWords(change.circumstance);
  // Of many names a shortest one says as much as five.
  const others = typeof change.size === "bigint" ? names.filter((name) => name !== witness) : [];
  return [
    `  ${pairWords(change, paint)}${when === undefined ? "" : `, ${when}`}`,
    `    ${sizeWords(change)}, such as ${shownName(witness)}${others.length === 0 ? "" : paint.faint(`, ${others.map(shownName).join(", ")}`)}`,
    ...(inventory.length === 0
      ? []
      : [
          `    in the inventory: ${inventory.length.toLocaleString("en-US")} (${inventory.slice(0, namesShown).map(shownName).join(", ")}${inventory.length > namesShown ? ", ..." : ""})`,
        ]),
    ...(previous !== undefined && causesKey(previous) === causesKey(change)
      ? ["    for the same reasons"]
      : causeTexts(change, paint)),
  ];
}

function causeTexts({ causes, causesComplete }: OutcomeChange, paint: Paint): string[] {
  const all = causeLines(causes);
  const shown = all.slice(0, causesShown).map(({ change, rule, places }) => {
    return `      ${causeName(rule)} ${change}  ${paint.faint(places.join(" -> "))}`;
  });
  const among = causesComplete ? "because of" : "because of these, and perhaps others";
  return [`    ${among}`, ...shown, ...andMore(all.length - causesShown, "      ", "rule")];
}

function pairWords(change: OutcomeChange, paint: Paint): string {
  return `${painted(change.before, change, paint)} -> ${painted(change.after, change, paint)}`;
}

function painted(outcome: Outcome, pair: OutcomeChange, paint: Paint): string {
  return paint[outcome.verdict](outcomeWords(outcome, pair));
}

/** A name on one line, cut when it is long. */
export function shownName(name: string): string {
  const points = [...name.slice(0, nameShown * 2 + 2)];
  if (points.length <= nameShown) return escapeText(name);
  return `${escapeText(points.slice(0, nameShown).join(""))}... (${name.length.toLocaleString("en-US")} characters)`;
}

export function undecidedLines(undecided: readonly Undecided[], paint: Paint): string[] {
  if (undecided.length === 0) return [];
  const rows = undecided.map(({ question, reason, change }) => {
    const pair = change === undefined ? "" : `: ${outcomeWords(change.before, change)} -> ${outcomeWords(change.after, change)}`;
    return `${paint.warn("?")} ${question}${pair}; ${reason}`;
  });
  return ["", paint.strong(`Not decided (${undecided.length.toLocaleString("en-US")})`), ...listed(rows)];
}

function verdictLines(diff: PolicyDiff, paint: Paint): string[] {
  const { changes, equal, inventory, cardChecked, defaults } = diff;
  const asksOtherwise = diff.rules.some(({ fields }) => fields.some(({ field }) => field === "card_actions"));
  const aside = defaults.filter(({ beside }) => beside);
  return [
    ...(equal ? [`${paint.pass("✓")} No tool name is judged differently.`] : [paint.strong(planWords(changes))]),
    ...(equal && aside.length > 0 ? [`  Beside that: ${aside.map(defaultWords).join("; ")}.`] : []),
    ...(inventory === undefined
      ? []
      : [
          `  Of the inventory ${count(inventory.changed, "name")} of ${inventory.names.toLocaleString("en-US")} changed${inventory.invalid === 0 ? "" : `; ${count(inventory.invalid, "name")} left out as no valid tool names`}.`,
        ]),
    ...(cardChecked || (equal && !asksOtherwise) ? [] : [paint.faint("  No card given: what a card grants was not compared.")]),
  ];
}
