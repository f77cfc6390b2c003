import { callIdsMax } from "../limits.js";
import { KeyedHash } from "./keyed-hash.js";

/** What makes a call the same call (R2). */
export interface CallIdentity {
  readonly trace: string;
  readonly scope?: string | undefined;
  readonly callId?: string | undefined;
  readonly aliases?: readonly string[] | undefined;
  readonly tool: string;
}

/**
 * Which calls have been counted. An identity is scope, id and name, kept as 64 bits of a keyed hash: 8 to 32 bytes instead
 * of a text, and nobody who does not know the key can make two of them meet; among the most that are kept, two meet by
 * chance once in ten million runs. Bounded: of more than `idsMax` identities those that were met least recently are
 * forgotten, at least half of `idsMax` never are; what is forgotten and comes again is counted again. O(length) a call.
 */
export class CallIdentities {
  private readonly hash: KeyedHash;
  /** Half of what is remembered, and the half before it: what is met again moves to the current one. */
  private current = new HashSet();
  private before = new HashSet();
  private latestScope: string | undefined;
  private readonly scopeHash = { low: 0, high: 0 };

  /** `key`: two numbers of 32 random bits, made once a run; any give the same answers. */
  constructor(
    key: readonly [number, number] = [0, 0],
    private readonly idsMax = callIdsMax,
  ) {
    this.hash = new KeyedHash(key[0], key[1]);
  }

  /** Whether this call was here before; it is known from now on. Calls without an id are never repetitions. */
  isRepeated(format: string, call: CallIdentity): boolean {
    if (call.callId === undefined) return false;
    this.enterScope(format, call.scope ?? call.trace);
    let repeated = this.isKnown(call.callId, call.tool);
    for (const alias of call.aliases ?? []) repeated = this.isKnown(alias, call.tool) || repeated;
    return repeated;
  }

  private enterScope(format: string, scope: string): void {
    const { hash } = this;
    // Formats are few and hold no NUL, so that the two cannot be divided differently.
    const full = `${format}\u0000${scope}`;
    if (full === this.latestScope) return;
    this.latestScope = full;
    hash.begin();
    hash.text(full);
    hash.end();
    this.scopeHash.low = hash.low;
    this.scopeHash.high = hash.high;
  }

  private isKnown(id: string, tool: string): boolean {
    const { hash } = this;
    hash.begin();
    hash.word(this.scopeHash.low);
    hash.word(this.scopeHash.high);
    hash.text(id);
    // The name belongs to the identity: an id that comes again with another name is another call, and must not hide.
    hash.text(tool);
    hash.end();
    if (!this.current.add(hash.low, hash.high)) return true;
    const known = this.before.has(hash.low, hash.high);
    if (this.current.size >= this.idsMax / 2) {
      this.before = this.current;
      this.current = new HashSet();
    }
    return known;
  }
}

/** Numbers of 64 bits in halves: open addressing, at most half full. */
class HashSet {
  size = 0;
  private slots = 1024;
  private low = new Uint32Array(1024);
  private high = new Uint32Array(1024);

  /** False when it is there already. */
  add(low: number, high: number): boolean {
    const at = this.find(low, high);
    if (this.high[at] !== 0 || this.low[at] !== 0) return false;
    this.low[at] = low;
    this.high[at] = high;
    this.size++;
    if (this.size * 2 > this.slots) this.widen();
    return true;
  }

  has(low: number, high: number): boolean {
    const at = this.find(low, high);
    return this.high[at] !== 0 || this.low[at] !== 0;
  }

  /** Where it stands or would stand. Both halves 0 mark a free place; the hash never gives that. */
  private find(low: number, high: number): number {
    const mask = this.slots - 1;
    let at = low & mask;
    while ((this.low[at] !== low || this.high[at] !== high) && (this.low[at] !== 0 || this.high[at] !== 0)) at = (at + 1) & mask;
    return at;
  }

  private widen(): void {
    const { low, high } = this;
    this.slots *= 2;
    this.low = new Uint32Array(this.slots);
    this.high = new Uint32Array(this.slots);
    for (let i = 0; i < low.length; i++) {
      if (low[i] === 0 && high[i] === 0) continue;
      const at = this.find(low[i]!, high[i]!);
      this.low[at] = low[i]!;
      this.high[at] = high[i]!;
    }
  }
}
