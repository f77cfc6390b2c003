import { severities } from "../../policy/lattice.js";
import type { Card, MergedPolicy, Severity } from "../../policy/model.js";
import { outcomeKey } from "../outcome.js";
import { ABSENT, type Question, type Row } from "../question.js";
import { defaultsFields } from "../rule-refs.js";
import { CAPABILITY, countingOf, FORBIDDEN, joinSides, Side, TRIGGER } from "../side.js";
import {
  CauseFinder,
  CHANGED_CAPABILITY,
  CHANGED_TRIGGER,
  causeKey,
  EXTRAS,
  type OutcomeField,
  outcomeFields,
  REQUIRED,
  SAME_CAPABILITY,
  sideNames,
} from "./causes.js";
import { ChangedParts } from "./changed-parts.js";
import { type Circumstances, circumstancesOf } from "./circumstances.js";
import { type Difference, differenceOf, requirementDifference } from "./differences.js";
import type { Cause } from "./policy-diff.js";

/** What a name's row says: one difference and the kind of calls it is first seen on. */
export interface Entry extends Difference {
  /** Position in the list of circumstances. */
  readonly circumstance: number;
  readonly causes: readonly Cause[];
}

/** Two policies beside each other, and the questions about all names that compare them. */
export class Comparison {
  readonly changed: ChangedParts;
  readonly circumstances: Circumstances;
  readonly fields: readonly OutcomeField[];
  /** Canonical texts: what a name must match for a changed part to make a difference. */
  readonly globs: ReadonlySet<string>;
  readonly #sides: Readonly<Record<Cause["side"], Side>>;
  readonly #offsets: Readonly<Record<Cause["side"], number>>;
  readonly #width: number;
  /** The more severe of the two: what it decides is decided under both. */
  readonly #failOn: Severity;
  readonly #countsMatter: boolean;
  readonly #entries = new Map<string, readonly Entry[]>();
  readonly #ids = new Map<string, number>();
  readonly #finder: CauseFinder;

  /** `requirements`: only what equal outcomes ask of a card is compared, for any card; else everything but that. */
  constructor(
    before: MergedPolicy,
    after: MergedPolicy,
    readonly options: {
      readonly cards?: { readonly before?: Card | undefined; readonly after?: Card | undefined };
      readonly requirements?: boolean;
      /** What is mapped could yet be refused by some card. */
      readonly anyCard?: boolean;
    } = {},
  ) {
    const { cards = {}, requirements = false } = options;
    this.circumstances = circumstancesOf(before, after);
    const counting = countingOf(this.circumstances.tests);
    const byCounts = !requirements && (counting.unmapped || counting.unmappedByOrg || counting.violations);
    const side = (policy: MergedPolicy, card: Card | undefined) =>
      new Side(policy, { card, byCardActions: requirements, byCounts, counting });
    this.#sides = { before: side(before, cards.before), after: side(after, cards.after) };
    this.#offsets = { before: 0, after: this.#sides.before.width };
    this.#width = this.#sides.before.width + this.#sides.after.width;
    this.#countsMatter = byCounts && (counting.unmapped || counting.unmappedByOrg);
    this.changed = new ChangedParts(this.#sides.before, this.#sides.after);
    const value = (policy: MergedPolicy, field: OutcomeField) => policy.defaults[defaultsFields[field]].value;
    this.fields = outcomeFields.filter((field) => value(before, field) !== value(after, field));
    const [low, high] = [before, after].map(({ defaults }) => severities.indexOf(defaults.failOn.value));
    this.#failOn = severities[Math.max(low, high)];
    this.#finder = new CauseFinder(this.#sides, this.#offsets, this.changed, requirements ? [] : this.fields);
    // What equal outcomes ask of a card only a capability can change.
    const { before: olds, after: news } = this.changed.capabilities;
    this.globs = requirements ? new Set([...olds, ...news].flatMap(({ glob }) => glob ?? [])) : this.changed.globs;
  }

  /** Names without a changed part are told apart, too. */
  get beyondChanged(): boolean {
    return !this.options.requirements && (this.fields.length > 0 || this.changed.everywhere);
  }

  /** What stands behind an answer of one of the questions. */
  entries(answer: string): readonly Entry[] {
    return this.#entries.get(answer) as readonly Entry[];
  }

  /** About names that a changed part can apply to. Without causes it is answered with fewer states. */
  changedNames(options: { readonly causes: boolean; readonly glob?: string }): Question {
    const { changed } = this;
    const { causes, glob } = options;
    const isRequired = (text: string) => (glob === undefined ? this.globs.has(text) : text === glob);
    const orders = causes ? this.#orders() : undefined;
    const more = (text: string): number[] => {
      const extras = [isRequired(text) ? 0 : ABSENT];
      if (orders === undefined) return extras;
      const same = changed.unchanged(text);
      const { forbidden = ABSENT, trigger = ABSENT, capabilityBefore = ABSENT, capabilityAfter = ABSENT } = same ?? {};
      return [
        ...extras,
        forbidden,
        trigger,
        capabilityBefore,
        capabilityAfter,
        ...orders.map((order) => order.get(text) ?? ABSENT),
      ];
    };
    return {
      globs: joinSides([this.#sides.before, this.#sides.after], more),
      width: this.#width + (causes ? EXTRAS : 1),
      required: this.#width + REQUIRED,
      answer: (row) => this.#answer(row, causes),
      settle: (row) => this.#settle(row, causes),
    };
  }

  /** About all other names: they meet the same rules under both policies. */
  otherNames(): Question {
    const { changed } = this;
    const bit = this.#width;
    const mapping = !this.#countsMatter && !changed.everywhere && this.fields.every((field) => field.startsWith("unmapped_"));
    const offset = this.#offsets.after;
    return {
      globs: joinSides([this.#sides.before, this.#sides.after], (text) => [changed.globs.has(text) ? 0 : ABSENT]),
      width: bit + 1,
      answer: (row) => (row[bit] === ABSENT ? this.#answer(row, false) : undefined),
      settle: (row) => {
        // What is mapped under both does not notice how unmapped tools are treated.
        const isMapped = row[CAPABILITY] !== ABSENT && row[offset + CAPABILITY] !== ABSENT;
        return row[bit] !== ABSENT || (mapping && isMapped) ? this.#nothingMore(row) : this.#settle(row, false);
      },
    };
  }

  /** For each glob its place among the changed parts of its kind, in the order of the components. */
  #orders(): Map<string, number>[] {
    const { forbidden, triggers, capabilities } = this.changed;
    return [forbidden, triggers, capabilities].flatMap((kind) =>
      sideNames.map((name) => {
        const order = new Map<string, number>();
        kind[name].forEach(({ glob }, i) => {
          if (glob !== undefined && !order.has(glob)) order.set(glob, Math.min(i, ABSENT - 1));
        });
        return order;
      }),
    );
  }

  #settle(row: Row, causes: boolean): Row {
    const settled = [...row];
    const { before, after } = this.#sides;
    const [a, b] = [this.#offsets.before, this.#offsets.after];
    before.settle(settled, a, this.#failOn);
    after.settle(settled, b, this.#failOn);
    if (this.options.requirements && (settled[a + TRIGGER] === 0 || settled[b + TRIGGER] === 0)) return this.#nothingMore(row);
    const worst = settled[a + FORBIDDEN] === 0 && settled[b + FORBIDDEN] === 0;
    // Critical and forbidden in both, whatever else applies.
    if (worst && !this.#countsMatter && !this.fields.includes("enforcement_mode")) return this.#nothingMore(row);
    if (!causes) return settled;
    const hardFrom = severities.length - 1 - severities.indexOf(this.#failOn);
    for (const name of sideNames) {
      const offset = this.#offsets[name];
      if (settled[offset + FORBIDDEN] <= hardFrom) settled[this.#width + CHANGED_TRIGGER[name]] = 0;
      if (settled[offset + TRIGGER] !== 0 || this.#countsMatter) continue;
      settled[this.#width + SAME_CAPABILITY[name]] = 0;
      settled[this.#width + CHANGED_CAPABILITY[name]] = 0;
    }
    return settled;
  }

  /** No difference is left to find; whether the question is about the name stays open. */
  #nothingMore(row: Row): Row {
    return row.map((rank, i) => (i === this.#width + REQUIRED ? rank : 0));
  }

  #answer(row: Row, causes: boolean): string | undefined {
    const entries: Entry[] = [];
    const pairs = new Set<string>();
    const directions = new Set<string>();
    const { requirements, anyCard, cards = {} } = this.options;
    const { list, tests } = this.circumstances;
    const given = { tests, anyCard: anyCard === true && cards.before === undefined && cards.after === undefined };
    list.forEach(({ prior, inGrace }, circumstance) => {
      const [from, to] = sideNames.map((name) => this.#sides[name].outcome(row, this.#offsets[name], prior, { inGrace }));
      const difference = requirements ? requirementDifference(from, to) : differenceOf(from, to, given);
      if (difference === undefined) return;
      const pair = `${outcomeKey(difference.before)}\u0001${outcomeKey(difference.after)}`;
      // A change out of grace shows in grace, too: only what gets weaker or stricter there alone is worth a word.
      if (pairs.has(pair) || (inGrace && (difference.direction === "other" || directions.has(difference.direction)))) return;
      pairs.add(pair);
      directions.add(difference.direction);
      entries.push({ ...difference, circumstance, causes: this.#finder.of(row, list[circumstance], difference, causes) });
    });
    if (entries.length === 0) return undefined;
    const key = entries.map((entry) => this.#entryKey(entry)).join(" ");
    if (!this.#entries.has(key)) this.#entries.set(key, entries);
    return key;
  }

  #entryKey({ before, after, direction, circumstance, causes }: Entry): string {
    const pair = this.#id(`${outcomeKey(before)}\u0001${outcomeKey(after)}`);
    return [circumstance, direction, pair, ...causes.map((cause) => this.#id(causeKey(cause)))].join(":");
  }

  #id(text: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    this.#ids.set(text, this.#ids.size);
    return this.#ids.size - 1;
  }
}
