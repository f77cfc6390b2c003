import type { Action, Verdict } from "../../engine/result.js";
import { roomFor } from "./columns.js";
import type { PolicyViews, View } from "./views.js";

/** From lenient to strict: a position is what columns hold. */
export const verdictOrder: readonly Verdict[] = ["pass", "warn", "fail"];
export const actionOrder: readonly Action[] = ["allow", "warn", "escalate", "deny"];

/** Bits of what is counted of an outcome. */
export const verdictBits = 3;
export const actionShift = 2;
export const beforeShift = 4;
export const foundBit = 64;
export const graceBit = 128;

/** Not looked at yet; depends on when it was called. */
export const unknown = -1;
export const timed = -2;

/**
 * What the policy, and the policy it is compared with, say of a call: one number, so that both are counted in one step.
 * Without a policy to compare with an outcome is a view.
 */
export class Outcomes {
  /** `verdictBits` the verdict, then the action, the verdict before, whether there are findings, whether it is in grace. */
  bits = new Uint8Array(64);
  length = 0;
  /** Per tool: its outcome, `unknown`, or `timed`. */
  ofTool = new Int32Array(64).fill(unknown);
  private readonly after: number[] = [];
  private readonly before: number[] = [];
  private readonly numbers = new Map<number, number>();
  /** Four outcomes a tool that grace concerns: plus 1 in grace now, plus 2 in grace before. */
  private variants = new Int32Array(256).fill(unknown);

  constructor(
    readonly now: PolicyViews,
    readonly then: PolicyViews | undefined,
  ) {}

  /** Makes room: until so many outcomes are new, `bits` stays the array it is, and `ofTool` holds every tool. */
  reserve(more: number, tools: number): void {
    this.bits = roomFor(this.bits, this.length + more);
    this.ofTool = roomFor(this.ofTool, tools, unknown);
  }

  view(outcome: number): View {
    return this.now.views[this.after[outcome]];
  }

  viewBefore(outcome: number): View | undefined {
    return this.then?.views[this.before[outcome]];
  }

  /** The outcome of a tool that only the name decides, else `timed`; after this it stands in `ofTool`. */
  settle(tool: number): number {
    if (this.ofTool[tool] !== unknown) return this.ofTool[tool];
    const isTimed = this.now.grace(tool) !== undefined || this.then?.grace(tool) !== undefined;
    this.ofTool[tool] = isTimed ? timed : this.pair(this.now.plain(tool), this.then?.plain(tool));
    return this.ofTool[tool];
  }

  /** The outcome of a tool that grace concerns. */
  inGrace(tool: number, now: boolean, then: boolean): number {
    const at = tool * 4 + (now ? 1 : 0) + (then ? 2 : 0);
    if (at < this.variants.length && this.variants[at] !== unknown) return this.variants[at];
    this.variants = roomFor(this.variants, at + 1, unknown);
    this.variants[at] = this.pair(viewIn(this.now, tool, now), this.then && viewIn(this.then, tool, then));
    return this.variants[at];
  }

  /** The number of two views. */
  pair(after: number, before: number | undefined): number {
    const key = after * 2 ** 26 + (before ?? 0);
    let outcome = this.numbers.get(key);
    if (outcome === undefined) {
      outcome = this.length++;
      this.numbers.set(key, outcome);
      this.after.push(after);
      this.before.push(before ?? 0);
      this.reserve(0, 0);
      this.bits[outcome] = this.bitsOf(outcome);
    }
    return outcome;
  }

  private bitsOf(outcome: number): number {
    const { verdict, action, findings, inGrace } = this.view(outcome).says;
    const before = this.viewBefore(outcome)?.says.verdict ?? "pass";
    return (
      verdictOrder.indexOf(verdict) |
      (actionOrder.indexOf(action) << actionShift) |
      (verdictOrder.indexOf(before) << beforeShift) |
      (findings.length > 0 ? foundBit : 0) |
      (inGrace ? graceBit : 0)
    );
  }
}

function viewIn(views: PolicyViews, tool: number, grace: boolean): number {
  return (grace ? views.grace(tool) : undefined) ?? views.plain(tool);
}
