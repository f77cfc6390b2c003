import { decodeUtf8, indexOfBytes, markerOf } from "../../bytes.js";
import { cutFlag, cutWord, flatNumber, noText, rawEscaped, rawPart, SpanCutter } from "../../span-cutter.js";
import type { SpanTraces } from "../spans.js";
import { type Field, fields, KnownAttributes, knownKeys, ownValues, plainFields, sessionValues } from "./attributes.js";
import { readAnswers } from "./span-events.js";
import { factsOf, type SpanFacts } from "./span-facts.js";
import { hexAlias, hexId, noId } from "./span-ids.js";
import { blankSpan, isClaudeCode, noResource, resourceOf, type SpanRecord, type SpanResource, spanIdOf } from "./span-record.js";

/** What the spans of one profile and resource have in common. */
interface CutFacts {
  readonly facts: SpanFacts;
  /** Keys of the raw values that are the call's id and arguments, or -1. */
  readonly callIdKey: number;
  readonly argumentsKey: number;
  /** The same for the text that is the session. */
  readonly sessionKey: number;
  /** Its attributes may hold calls that a model asked for. */
  readonly proposes: boolean;
}

interface CutResource {
  readonly resource: SpanResource;
  /** By profile. */
  readonly facts: (CutFacts | undefined)[];
}

const answerMark = markerOf("gen_ai.");
const escapeMark = markerOf("\\");

/**
 * Requests of OTLP/JSON to spans by the cutter, without an object a span: what spans have in common is looked at once. What
 * the cutter is not sure of is left to the reader of parsed requests; both find the same in every well-formed request.
 */
class CutSpans {
  private generation = 0;
  private texts: (string | undefined)[] = [];
  private traceIds: (string | undefined)[] = [];
  private resources: (CutResource | undefined)[] = [];
  private readonly span: SpanRecord = blankSpan();
  private readonly attributes = new KnownAttributes();

  constructor(private readonly cutter: SpanCutter) {}

  /** False when nothing was taken. */
  read(request: Uint8Array, line: number, traces: SpanTraces): boolean {
    const { cutter } = this;
    const end = cutter.cut(request);
    if (end === undefined) return false;
    if (this.generation !== cutter.generation) this.forget();
    const { words } = cutter;
    let block = -1;
    let resource: CutResource | undefined;
    for (let at = 0; at < end; at += words[at]!) {
      if (resource === undefined || words[at + cutWord.block] !== block) {
        block = words[at + cutWord.block]!;
        resource = this.resourceOf(cutter.blocks[block]!);
      }
      this.take(at, resource, line, traces);
    }
    return true;
  }

  private take(at: number, resource: CutResource, line: number, traces: SpanTraces): void {
    const { words, doubles } = this.cutter;
    const profile = words[at + cutWord.profile]!;
    const cut = resource.facts[profile] ?? this.newFacts(profile, resource);
    const traceId = this.traceId(words[at + cutWord.trace]!);
    const { facts, callIdKey, argumentsKey, sessionKey } = cut;
    if (facts.kind !== "tool" && (cut.proposes || this.hasAnswers(at)) && traces.wantsProposals(traceId)) {
      this.fillSpan(at, profile, resource, traceId, line);
      traces.take(this.span);
      return;
    }
    const flags = words[at + cutWord.flags]!;
    const trace = traces.traceOfCut(traceId);
    const row = trace.rows.addWords(
      facts,
      sessionKey === -1 ? undefined : this.ownText(at, sessionKey),
      (flags & cutFlag.id) === 0 ? noId : hexId,
      words[at + cutWord.id]!,
      words[at + cutWord.id + 1]!,
      (flags & cutFlag.parent) === 0 ? noId : hexId,
      words[at + cutWord.parent]!,
      words[at + cutWord.parent + 1]!,
    );
    const timeMs = (flags & cutFlag.time) === 0 ? undefined : doubles[(at + cutWord.time) >> 1]!;
    const callId = callIdKey === -1 ? undefined : (this.rawValue(at, callIdKey) as string | undefined);
    const args = argumentsKey === -1 ? undefined : this.rawValue(at, argumentsKey);
    traces.takeRow(trace, row, facts, timeMs, callId, args, line);
  }

  /** Whether the events of a span may hold a model's answer. */
  private hasAnswers(at: number): boolean {
    const { words } = this.cutter;
    const bytes = words[at + cutWord.events + 1]!;
    if (bytes <= 2) return false;
    const events = this.bytesAt(words[at + cutWord.events]!, bytes);
    return indexOfBytes(events, answerMark) !== -1 || indexOfBytes(events, escapeMark) !== -1;
  }

  /** The last text of a key whose texts are not part of profiles. */
  private ownText(at: number, key: number): string | undefined {
    const { words } = this.cutter;
    for (let i = words[at + cutWord.raws]! - 1; i >= 0; i--) {
      const raw = at + cutWord.head + 3 * i;
      if (words[raw] === key) return this.text(words[raw + 1]!);
    }
    return undefined;
  }

  /** The last raw value of a key, as JSON.parse reads it. */
  private rawValue(at: number, key: number): string | undefined {
    const { words } = this.cutter;
    for (let i = words[at + cutWord.raws]! - 1; i >= 0; i--) {
      const raw = at + cutWord.head + 3 * i;
      if ((words[raw]! & 0xffff) === key) return this.rawText(raw);
    }
    return undefined;
  }

  private rawText(raw: number): string | undefined {
    const { words } = this.cutter;
    const [from, to] = [words[raw + 1]!, words[raw + 1]! + words[raw + 2]!];
    if ((words[raw]! & rawEscaped) === 0) return decodeUtf8(this.cutter.memory, from, to);
    return parsed(decodeUtf8(this.cutter.memory, from - 1, to + 1)) as string | undefined;
  }

  private bytesAt(at: number, bytes: number): Uint8Array {
    return this.cutter.memory.subarray(at, at + bytes);
  }

  private fillSpan(at: number, profile: number, { resource }: CutResource, traceId: string, line: number): void {
    const { span } = this;
    const { words, doubles } = this.cutter;
    const flags = words[at + cutWord.flags]!;
    const idText = (flag: number, word: number) =>
      (flags & flag) === 0 ? "" : hexAlias(words[at + word]!, words[at + word + 1]!).slice(1);
    this.fillCommon(span, profile, resource);
    span.traceId = traceId;
    span.spanId = idText(cutFlag.id, cutWord.id);
    span.parentSpanId = idText(cutFlag.parent, cutWord.parent);
    span.startTime = (flags & cutFlag.time) === 0 ? undefined : nanoseconds(doubles[(at + cutWord.time) >> 1]!);
    span.line = line;
    for (let i = 0; i < words[at + cutWord.raws]!; i++) {
      const raw = at + cutWord.head + 3 * i;
      const key = words[raw]! & 0xffff;
      if (key === flatNumber.key) span.attributes.setFlat(this.rawText(raw)!, this.rawText(raw + 3));
      else if (sessionValues.has(key)) span.attributes.setSlot(key, this.text(words[raw + 1]!));
      else if (key !== flatNumber.value) span.attributes.setSlot(key, this.rawText(raw));
    }
    const bytes = words[at + cutWord.events + 1]!;
    const events = bytes <= 2 ? undefined : parsed(decodeUtf8(this.bytesAt(words[at + cutWord.events]!, bytes)));
    if (Array.isArray(events)) readAnswers(span.attributes, events);
  }

  private fillCommon(span: SpanRecord, profile: number, resource: SpanResource): void {
    const parts = this.cutter.profile(profile);
    span.attributes.clear();
    span.resource = resource;
    span.name = parts[0] === noText ? "" : this.text(parts[0]!);
    this.fillAttributes(span.attributes, parts);
  }

  /** Raw values are there, and empty or not; no more is known of them. */
  private fillAttributes(attributes: KnownAttributes, parts: Uint32Array): void {
    for (let i = 1; i < parts.length; i++) {
      const number = parts[i]! >>> 16;
      const text = parts[i]! & 0xffff;
      if (number === flatNumber.key) attributes.concernsAgents = true;
      else if (text >= rawPart.empty) attributes.setSlot(number, text === rawPart.empty ? "" : "raw");
      else attributes.setSlot(number, this.text(text));
    }
  }

  private newFacts(profile: number, resource: CutResource): CutFacts {
    const { span } = this;
    const { attributes } = span;
    this.fillCommon(span, profile, resource.resource);
    const facts = factsOf(span);
    const isTool = facts.kind === "tool";
    const hasFlat = this.cutter.profile(profile).some((part, i) => i > 0 && part >>> 16 === flatNumber.key);
    const cut = {
      facts,
      sessionKey: firstText(attributes, [...fields.conversation, ...plainFields.session]),
      callIdKey: isTool ? this.callIdKey() : -1,
      argumentsKey: isTool ? this.argumentsKey() : -1,
      proposes: hasFlat || attributes.has(fields.outputs) || (attributes.has(fields.logfireEvents) && attributes.concernsAgents),
    };
    resource.facts[profile] = cut;
    return cut;
  }

  /** The key whose value `callIdOf` takes. */
  private callIdKey(): number {
    const { attributes } = this.span;
    const key = firstText(attributes, fields.callId);
    return key === -1 && isClaudeCode(this.span) ? firstText(attributes, plainFields.eventCallId) : key;
  }

  /** The key whose value `argumentsOf` takes. */
  private argumentsKey(): number {
    const { attributes } = this.span;
    const all: Field = [...fields.arguments, ...plainFields.arguments, ...plainFields.input];
    return all.find((slot) => attributes.has([slot])) ?? -1;
  }

  private resourceOf(profile: number): CutResource {
    let known = this.resources[profile];
    if (known === undefined) {
      if (profile === 0) known = { resource: noResource, facts: [] };
      else {
        this.attributes.clear();
        this.fillAttributes(this.attributes, this.cutter.profile(profile - 1));
        known = { resource: resourceOf(this.attributes), facts: [] };
      }
      this.resources[profile] = known;
    }
    return known;
  }

  /** Of a text + 1; 0 is no id. */
  private traceId(text: number): string {
    let id = this.traceIds[text];
    if (id === undefined) {
      id = text === 0 ? "" : spanIdOf(this.text(text - 1));
      this.traceIds[text] = id;
    }
    return id;
  }

  private text(id: number): string {
    let text = this.texts[id];
    if (text === undefined) {
      text = decodeUtf8(this.cutter.text(id));
      this.texts[id] = text;
    }
    return text;
  }

  private forget(): void {
    this.generation = this.cutter.generation;
    this.texts = [];
    this.traceIds = [];
    this.resources = [];
  }
}

/** The key whose value `attributes.text` takes, or -1. */
function firstText(attributes: KnownAttributes, field: Field): number {
  return field.find((slot) => attributes.text([slot]) !== undefined) ?? -1;
}

/** As OTLP writes it. */
function nanoseconds(timeMs: number): string {
  return `${String(timeMs).padStart(13, "0")}000000`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

let opened: CutSpans | "absent" | undefined;

/** One a thread: it keeps nothing of an input but texts that any other may have. Undefined where the host has no WASM with SIMD. */
export function cutSpans(): CutSpans | undefined {
  if (opened === undefined) {
    const cutter = SpanCutter.open({ keys: knownKeys, raw: ownValues, own: sessionValues });
    opened = cutter === undefined ? "absent" : new CutSpans(cutter);
  }
  return opened === "absent" ? undefined : opened;
}
