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
  private latestFormat: string | undefined;
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
    if (scope === this.latestScope && format === this.latestFormat) return;
    this.latestFormat = format;
    this.latestScope = scope;
    const { hash } = this;
    hash.begin();
    hash.text(format);
    hash.text(scope);
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

/** Numbers of 64 bits in halves, which stand side by side: open addressing, at most half full. */
class HashSet {
  size = 0;
  private mask = 1023;
  private halves = new Uint32Array(2048);

  /** False when it is there already. */
  add(low: number, high: number): boolean {
    const at = this.find(low, high);
    const { halves } = this;
    if (halves[at] !== 0 || halves[at + 1] !== 0) return false;
    halves[at] = low;
    halves[at + 1] = high;
    this.size++;
    if (this.size * 2 > this.mask) this.widen();
    return true;
  }

  has(low: number, high: number): boolean {
    const at = this.find(low, high);
    return this.halves[at] !== 0 || this.halves[at + 1] !== 0;
  }

  /** Where it stands or would stand. Both halves 0 mark a free place; the hash never gives that. */
  private find(low: number, high: number): number {
    const { halves, mask } = this;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const at = slot * 2;
      if ((halves[at] === low && halves[at + 1] === high) || (halves[at] === 0 && halves[at + 1] === 0)) return at;
    }
  }

  private widen(): void {
    const { halves } = this;
    this.mask = this.mask * 2 + 1;
    this.halves = new Uint32Array(halves.length * 2);
    for (let i = 0; i < halves.length; i += 2) {
      if (halves[i] === 0 && halves[i + 1] === 0) continue;
      const at = this.find(halves[i]!, halves[i + 1]!);
      this.halves[at] = halves[i]!;
      this.halves[at + 1] = halves[i + 1]!;
    }
  }
}
