import type { Span } from "../../src/diagnostics/diagnostic.js";
import type { Context, Guardrail } from "../../src/engine/result.js";
import { parseGlob } from "../../src/glob/parse.js";
import type {
  Card,
  ConditionTerm,
  CountTest,
  Defaults,
  EnforcementMode,
  Policy,
  Scope,
  Severity,
  TriggerAction,
  UnmappedAction,
} from "../../src/policy/model.js";

/** Draws from one seed; equal seeds give equal values. */
export class Draw {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** 0 <= n < limit. */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  list<T>(max: number, make: () => T): T[] {
    return Array.from({ length: this.below(max + 1) }, make);
  }
}

const pieces = ["a", "b", "c", "__", "é", "😀"];
const scale: readonly Severity[] = ["low", "medium", "high", "critical"];
const actions = ["read", "write", "send", "pay"];
const capabilityNames = ["files", "web", "0", "constructor"];

/** Small policies whose rules overlap all the time; every section is drawn. */
export class PolicyDraw extends Draw {
  private line = 1;

  name(): string {
    if (this.chance(4)) return this.of(["", "\ud800", "x\ufffd", "a\udc00b"]);
    return Array.from({ length: 1 + this.below(3) }, () => this.of(pieces)).join("");
  }

  globText(): string {
    const parts = Array.from({ length: 1 + this.below(3) }, () => this.of([...pieces, "*", "?", "*"]));
    return parts.join("");
  }

  policy(scope: Scope): Policy {
    const file = `${scope}.yaml`;
    const spanOf = () => ({ file, line: ++this.line, column: 3, endLine: this.line, endColumn: 9 });
    const globRef = () => ({ glob: this.glob(), span: spanOf() });
    const names = capabilityNames.filter(() => this.chance(45));
    return {
      meta: { schemaVersion: "1.0", name: `${scope} policy`, scope },
      capabilities: names.map((name) => ({
        name,
        tools: [globRef(), ...this.list(2, globRef)],
        cardActions: [this.of(actions), ...this.list(2, () => this.of(actions))].map((value) => ({ value, span: spanOf() })),
        span: spanOf(),
      })),
      forbidden: this.list(3, () => ({
        pattern: globRef(),
        reason: this.of(["r", "s"]),
        severity: this.of(scale),
        span: spanOf(),
      })),
      triggers: this.list(3, () => ({
        condition: { text: `condition ${this.line}`, terms: [this.term(), ...this.list(1, () => this.term())] },
        action: this.of<TriggerAction>(["warn", "escalate", "deny"]),
        reason: `trigger ${this.line}`,
        span: spanOf(),
      })),
      defaults: this.defaults(spanOf()),
      file,
    };
  }

  card(): Card {
    return { boundedActions: this.list(4, () => this.of(actions)), forbiddenActions: this.list(1, () => this.of(actions)) };
  }

  context(nowMs: number): Context {
    const hourMs = 3_600_000;
    const isDown = this.chance(15);
    const firstSeenMs = (tool: string) => {
      if (isDown) throw new Error("the store is down");
      return tool.startsWith("c") ? undefined : nowMs - ((tool.length * 37 + (tool.codePointAt(0) ?? 0)) % 60) * hourMs;
    };
    return {
      kind: this.of(["cicd", "gateway", "observer", "audit", "runtime"] as const),
      ...(this.chance(50) ? { card: this.card() } : {}),
      ...(this.chance(80) ? { nowMs } : {}),
      ...(this.chance(60) ? { sightings: { firstSeenMs } } : {}),
      ...(this.chance(30) ? { guardrail: this.guardrail(nowMs) } : {}),
    };
  }

  private guardrail(nowMs: number): Guardrail | null {
    if (this.chance(10)) return null;
    return {
      id: "tx-1",
      expiresAtMs: nowMs + (this.chance(10) ? -1 : 1000),
      ...(this.chance(60) ? { tools: this.list(3, () => this.globText()) } : {}),
      ...(this.chance(60) ? { allowedCapabilities: this.list(3, () => this.of(capabilityNames)) } : {}),
    };
  }

  private glob() {
    const glob = parseGlob(this.globText());
    if (typeof glob === "string") throw new Error(`drew a glob that is ${glob}`);
    return glob;
  }

  private term(): ConditionTerm {
    const test = (): CountTest => ({
      count: this.of(["tool_count", "unmapped_tool_count", "violation_count"] as const),
      comparison: this.of([">", ">=", "<", "<=", "==", "!="] as const),
      value: this.below(6),
    });
    const globs = this.list(2, () => this.glob());
    return { globs, tests: globs.length === 0 ? [test(), ...this.list(1, test)] : this.list(1, test) };
  }

  private defaults(span: Span): Defaults {
    return {
      unmappedToolAction: this.of<UnmappedAction>(["allow", "warn", "deny"]),
      unmappedSeverity: this.of(scale),
      failOpen: this.chance(50),
      ...(this.chance(70) ? { enforcementMode: this.of<EnforcementMode>(["off", "warn", "enforce", "enforce"]) } : {}),
      ...(this.chance(50) ? { gracePeriodHours: this.of([0, 1, 24, 48]) } : {}),
      ...(this.chance(40) ? { failOn: this.of(scale) } : {}),
      spans: new Map([["unmapped_tool_action", span]]),
    };
  }
}
