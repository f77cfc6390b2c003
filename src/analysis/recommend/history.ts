/** One tool as the window saw it. */
export interface ObservedTool {
  readonly tool: string;
  readonly calls: number;
  /** Distinct sessions. */
  readonly sessions: number;
  /** The session that called it, where it was one alone. */
  readonly onlySession: number | undefined;
  /** Distinct UTC days; 0 when no call has a time. */
  readonly days: number;
  /** Epoch milliseconds. */
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
  /** Called before the window, too. */
  readonly knownBefore: boolean;
  /** Calls that a person, a hook or a policy refused. */
  readonly denied: number;
  /** Calls that a person was asked about and allowed. */
  readonly approved: number;
  /** Calls that were to be asked about, with no answer on record. */
  readonly escalated: number;
}

/** What agents did in the window. */
export interface History {
  /** In code unit order of their names. */
  readonly tools: readonly ObservedTool[];
  readonly calls: number;
  readonly sessions: number;
  /** UTC days with a call. */
  readonly days: number;
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
  /** Names in the traces outside of the window or of other agents: known, but no evidence. */
  readonly otherNames: readonly string[];
}

export type Maturity = "young" | "growing" | "mature";

export interface Experience {
  readonly maturity: Maturity;
  /** Days from the first call to the last, 0 without times. */
  readonly spanDays: number;
  /** Share of the tools that were first seen in the last quarter of the window's calls in time: 0 settled, 1 all new. */
  readonly novelty: number;
  /** 0 to 1: two fifths days (14 are enough), two fifths sessions (50 are enough), one fifth settled tools. */
  readonly score: number;
}

const dayMs = 86_400_000;
const youngDays = 7;
const youngSessions = 20;
const matureDays = 14;
const matureSessions = 50;
const matureNoveltyMax = 0.1;

/** How much a history is worth. Without times it is young, however long. */
export function experienceOf({ tools, sessions, firstMs, lastMs }: History): Experience {
  const dated = firstMs !== undefined && lastMs !== undefined;
  const spanDays = dated ? (lastMs - firstMs) / dayMs : 0;
  const lateMs = dated ? lastMs - (lastMs - firstMs) / 4 : Number.POSITIVE_INFINITY;
  const late = tools.filter((tool) => !tool.knownBefore && tool.firstMs !== undefined && tool.firstMs > lateMs).length;
  const novelty = tools.length === 0 || !dated ? 1 : late / tools.length;
  const score = 0.4 * Math.min(1, spanDays / matureDays) + 0.4 * Math.min(1, sessions / matureSessions) + 0.2 * (1 - novelty);
  const young = spanDays < youngDays || sessions < youngSessions;
  const mature = spanDays >= matureDays && sessions >= matureSessions && novelty <= matureNoveltyMax;
  return { maturity: young ? "young" : mature ? "mature" : "growing", spanDays, novelty, score };
}

/** How sure it is that a tool is in regular use, 0 to 1: half sessions (8 are enough), half calls (32 are enough), both on a log scale. */
export function evidenceOf({ calls, sessions }: Pick<ObservedTool, "calls" | "sessions">): number {
  const share = (n: number, enough: number) => Math.min(1, Math.log2(1 + n) / Math.log2(1 + enough));
  return 0.5 * share(sessions, 8) + 0.5 * share(calls, 32);
}

/** Two decimals, so that equal evidence prints equal. */
export function rounded(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * 100) / 100;
}
