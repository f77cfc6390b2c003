import type { Actor, IngestedTrace, Sighting, Store, StoredCard, StoredTransaction } from "../../src/store/store.js";

export interface Subject {
  readonly org: string;
  readonly agent: string;
  readonly team: string;
  readonly pages: number;
  readonly many: readonly string[];
  readonly tools: readonly string[];
  readonly sightings: readonly Sighting[];
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly by: Actor;
  readonly card: Omit<StoredCard, "version">;
  readonly transaction: string;
  readonly session: string;
  fresh(): IngestedTrace[];
}
export interface Question {
  readonly name: string;
  readonly writes?: boolean;
  ask(store: Store, at: Subject): Promise<unknown>;
}
export const questions: readonly Question[];
export const spanDays: number;
export function subject(agents: number): Subject;
export function agentOf(i: number): string;
export function toolOf(i: number): string;
export function sightingOf(agent: number, tool: number, lastMs?: number): Sighting;
export function runOf(number: number, run: number, agents: number, runs: number, length?: number): IngestedTrace;
export function transactionOf(i: number, agents: number): StoredTransaction;
