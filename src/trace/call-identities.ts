import { callIdsMax } from "../limits.js";

/** What makes a call the same call (R2). */
export interface CallIdentity {
  readonly trace: string;
  readonly scope?: string | undefined;
  readonly callId?: string | undefined;
  readonly aliases?: readonly string[] | undefined;
  readonly tool: string;
}

/**
 * Which calls have been counted: one set of ids per scope. Bounded: past `idsMax` ids the scope that was touched least
 * recently is forgotten, and of a single larger scope the oldest ids; a repetition of those would be counted again. The
 * scope at hand is always among the kept ones, so a reader never loses the session it is in. O(1) a call.
 */
export class CallIdentities {
  /** Least recently touched first. */
  private readonly scopes = new Map<string, Set<string>>();
  private latestScope = "";
  private latestIds: Set<string> | undefined;
  private size = 0;

  constructor(private readonly idsMax = callIdsMax) {}

  /** Whether a call was here before; it is known from now on. Calls without an id are never repetitions. */
  isRepeated(format: string, call: CallIdentity): boolean {
    if (call.callId === undefined) return false;
    const ids = this.idsOf(`${format}\u0000${call.scope ?? call.trace}`);
    // The name belongs to the identity: an id that comes again with another name is another call, and must not hide.
    let repeated = this.isKnown(ids, `${call.callId}\u0000${call.tool}`);
    for (const alias of call.aliases ?? []) repeated = this.isKnown(ids, `${alias}\u0000${call.tool}`) || repeated;
    if (this.size > this.idsMax) this.forget(ids);
    return repeated;
  }

  private isKnown(ids: Set<string>, id: string): boolean {
    const before = ids.size;
    ids.add(id);
    if (ids.size === before) return true;
    this.size++;
    return false;
  }

  private idsOf(scope: string): Set<string> {
    if (this.latestIds !== undefined && scope === this.latestScope) return this.latestIds;
    const ids = this.scopes.get(scope) ?? new Set();
    this.scopes.delete(scope);
    this.scopes.set(scope, ids);
    this.latestScope = scope;
    this.latestIds = ids;
    return ids;
  }

  private forget(current: Set<string>): void {
    for (const [scope, ids] of this.scopes) {
      if (this.size <= this.idsMax || ids === current) break;
      this.scopes.delete(scope);
      this.size -= ids.size;
    }
    for (const id of current) {
      if (this.size <= this.idsMax) break;
      current.delete(id);
      this.size--;
    }
  }
}
