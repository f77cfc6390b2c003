import { conversationLinksMax } from "../../limits.js";
import { type FoundCall, sampleOf, type Turn } from "./found-call.js";

/** A call with what tells it from every other call of its conversation. */
export interface PlacedCall {
  readonly call: FoundCall;
  readonly callId: string;
  readonly timeMs: number | undefined;
}

export interface Conversation {
  /** Trace key. */
  readonly key: string;
  /** In the order of the turns, those of earlier requests among them. */
  readonly calls: readonly PlacedCall[];
}

/** What a record says of the conversation it belongs to. */
export interface Exchange {
  readonly history: readonly Turn[];
  /** Alternatives: each goes on from the history by itself. */
  readonly answers: readonly (readonly Turn[])[];
  /** Stands for turns that came before the history and are not in it. */
  readonly before?: string | undefined;
  /** Key of the conversation by a name that the record gives it. */
  readonly named?: string | undefined;
  /** The name is one of a request, perhaps: what the history shows is believed first. */
  readonly namedWeakly?: boolean | undefined;
  /** When it was logged. */
  readonly timeMs?: number | undefined;
}

interface Ending {
  readonly key: string;
  readonly timeMs: number | undefined;
}

/**
 * Puts the records of a request log together, each of which repeats what was said before. Without a name, a record belongs
 * to the conversation that holds one of its call ids, else to the one whose last record is a proper beginning of it, else
 * it starts a conversation. Ids that servers count up (`call_0`) tell nothing of other conversations and may restart inside
 * one: such a call is known by all turns before it instead, as is a call without an id. Records that are equal from
 * start to end without such ids are different conversations when they have no name, and the same call told again when they
 * have one and are of the same time. Memory is bounded by `conversationLinksMax`.
 */
export class Conversations {
  private readonly byCall = new Map<string, string>();
  private readonly byEnding = new Map<number, Ending>();
  private started = 0;

  constructor(private readonly inputName: string) {}

  place(exchange: Exchange): Conversation {
    const calls: PlacedCall[] = [];
    const chain = new TurnChain();
    if (exchange.before !== undefined) chain.mix(exchange.before);
    const isNamed = exchange.named !== undefined && exchange.namedWeakly !== true;
    if (isNamed) chain.mix(exchange.named!);
    const beginnings: number[] = [];
    for (const turn of exchange.history) {
      if (chain.add(turn)) beginnings.push(chain.value);
      addCalls(calls, turn, chain.value, "");
    }
    const historyEnd = chain.value;
    const endings: number[] = [];
    for (const answer of exchange.answers) {
      const branch = chain.copy();
      const steps = answer.map((turn) => {
        branch.add(turn);
        return { turn, place: branch.value };
      });
      const again = isNamed && this.wasLoggedBefore(branch.value, exchange.timeMs) ? `@${exchange.timeMs}` : "";
      for (const { turn, place } of steps) addCalls(calls, turn, place, again);
      endings.push(branch.value);
    }
    const grew = endings.some((ending) => ending !== historyEnd);
    if (!grew) beginnings.pop();
    const key = this.keyOf(exchange, calls, beginnings);
    for (const { call } of calls) if (call.id !== undefined && isUnique(call.id, call.tool)) keep(this.byCall, call.id, key);
    for (const ending of grew ? endings : [historyEnd]) keep(this.byEnding, ending, { key, timeMs: exchange.timeMs });
    return { key, calls };
  }

  /** The same request and the same answer at another time: the agent began again, and calls once more. */
  private wasLoggedBefore(ending: number, timeMs: number | undefined): boolean {
    const before = this.byEnding.get(ending)?.timeMs;
    return before !== undefined && timeMs !== undefined && before !== timeMs;
  }

  private keyOf(exchange: Exchange, calls: readonly PlacedCall[], beginnings: readonly number[]): string {
    if (exchange.named !== undefined && exchange.namedWeakly !== true) return exchange.named;
    return (
      this.knownByCalls(exchange, calls) ??
      exchange.named ??
      this.knownByBeginning(beginnings) ??
      // The first call names the conversation, so that files with a request each come together.
      calls.find(({ call }) => call.id !== undefined && isUnique(call.id, call.tool))?.call.id ??
      `\u0000${this.inputName}\u0000${this.started++}`
    );
  }

  private knownByCalls(exchange: Exchange, calls: readonly PlacedCall[]): string | undefined {
    for (const { call } of calls) {
      const key = call.id === undefined ? undefined : this.byCall.get(call.id);
      if (key !== undefined) return key;
    }
    for (const turn of exchange.history) {
      for (const id of turn.results) {
        const key = this.byCall.get(id);
        if (key !== undefined) return key;
      }
    }
    return undefined;
  }

  private knownByBeginning(beginnings: readonly number[]): string | undefined {
    for (let i = beginnings.length - 1; i >= 0; i--) {
      const key = this.byEnding.get(beginnings[i]!)?.key;
      if (key !== undefined) return key;
    }
    return undefined;
  }
}

function addCalls(calls: PlacedCall[], turn: Turn, place: number, again: string): void {
  turn.calls.forEach((call, index) => {
    const isOwn = call.id !== undefined && isUnique(call.id, call.tool);
    const callId = isOwn ? call.id! : `\u0000${place.toString(36)}:${index}${again}`;
    calls.push({ call, callId, timeMs: turn.timeMs });
  });
}

function keep<K, V>(links: Map<K, V>, link: K, value: V): void {
  if (!links.has(link) && links.size >= conversationLinksMax) links.delete(links.keys().next().value!);
  links.set(link, value);
}

/**
 * Whether an id was drawn at random and so names one call anywhere: it has a run of 16 letters and digits, or of 8 with a
 * letter after a digit, that is no part of the tool's name. `call_12`, `functions.read_file:3` and `0` do not. Asked for
 * every call, hence no regular expression.
 */
export function isUnique(id: string, tool: string): boolean {
  let start = 0;
  let digits = 0;
  let letterAfterDigit = false;
  for (let i = 0; i <= id.length; i++) {
    const code = i < id.length ? id.charCodeAt(i) : 0;
    const isDigit = code >= 0x30 && code <= 0x39;
    if (isDigit) digits++;
    else if ((code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)) {
      letterAfterDigit ||= i > start && isDigitAt(id, i - 1);
    } else {
      if (isRandomWord(id, start, i, digits, letterAfterDigit) && !tool.includes(id.slice(start, i))) return true;
      start = i + 1;
      digits = 0;
      letterAfterDigit = false;
    }
  }
  return false;
}

function isRandomWord(id: string, start: number, end: number, digits: number, letterAfterDigit: boolean): boolean {
  const length = end - start;
  return length >= 16 ? digits >= 2 && !id.startsWith("000", start) : length >= 8 && letterAfterDigit;
}

function isDigitAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

/** Turns that are rewritten, cut or injected between requests, and say nothing of which conversation it is. */
const passingRoles: ReadonlySet<string> = new Set([
  "system",
  "developer",
  "tool",
  "function",
  "observation",
  "reasoning",
  "ToolMessage",
  "SystemMessage",
]);

/** Names every beginning of a conversation by a number of 53 bits: equal turns, equal numbers. */
class TurnChain {
  private low = 0x2545f491;
  private high = 0x4f6cdd1d;

  /** Whether the turn moved it. Of a turn with calls only the calls count: the text around them is often left out. */
  add(turn: Turn): boolean {
    if (turn.calls.length === 0) {
      if (turn.text === "" || passingRoles.has(turn.role)) return false;
      this.mix(turn.text);
      return true;
    }
    for (const call of turn.calls) {
      this.mix(call.tool);
      this.mix(call.id !== undefined && isUnique(call.id, call.tool) ? call.id : argumentsOf(call));
    }
    return true;
  }

  copy(): TurnChain {
    const copy = new TurnChain();
    copy.low = this.low;
    copy.high = this.high;
    return copy;
  }

  get value(): number {
    return (this.high & 0x1fffff) * 4294967296 + (this.low >>> 0);
  }

  mix(text: string): void {
    let { low, high } = this;
    for (let i = 0; i <= text.length; i++) {
      const unit = i < text.length ? text.charCodeAt(i) : 0x10000 + text.length;
      low = Math.imul(low ^ unit, 0x85ebca6b);
      high = Math.imul(high ^ unit ^ (low >>> 15), 0xc2b2ae35);
    }
    this.low = low ^ (high >>> 13);
    this.high = high ^ (low >>> 16);
  }
}

/** The same text for arguments that are an object here and JSON text there. */
function argumentsOf(call: FoundCall): string {
  const value = call.args?.();
  try {
    const parsed: unknown = typeof value === "string" ? JSON.parse(value) : value;
    return sampleOf(JSON.stringify(parsed) ?? "");
  } catch {
    return typeof value === "string" ? sampleOf(value.trim()) : "";
  }
}
