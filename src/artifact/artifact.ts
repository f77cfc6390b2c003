import type { CountTest, EnforcementMode, Scope, Severity, TriggerAction, UnmappedAction } from "../policy/model.js";

/** A table of the artifact: entries are decoded on first use and cached. */
export interface Table<T> {
  readonly count: number;
  get(index: number): T;
}

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** In rank order: severity descending, then declaration order (org before agent). */
export interface ForbiddenEntry extends Place {
  readonly severity: Severity;
  readonly layer: Scope;
  /** Position in its layer's `forbidden` list. */
  readonly index: number;
  /** As written. */
  readonly pattern: string;
  readonly globId: number;
  readonly reason: string;
}

/** In rank order: deny, escalate, warn; then declaration order (org before agent). */
export interface TriggerEntry extends Place {
  readonly action: TriggerAction;
  readonly layer: Scope;
  readonly index: number;
  readonly condition: string;
  readonly reason: string;
  /** Its terms: `termStart ..< termStart + termCount` of the term table. */
  readonly termStart: number;
  readonly termCount: number;
}

/** One conjunction of a condition. */
export interface TermEntry {
  readonly trigger: number;
  readonly globIds: readonly number[];
  readonly tests: readonly CountTest[];
}

/** In declaration order, org's before agent's. */
export interface CapabilityEntry extends Place {
  readonly name: string;
  readonly layer: Scope;
  readonly index: number;
  readonly description: string;
  readonly cardActions: readonly string[];
  /** The globs of this entry, in order. */
  readonly globIds: readonly number[];
}

export interface SourceEntry {
  readonly layer: Scope;
  readonly file: string;
  readonly name: string;
}

export interface SourcedValue<T> extends Place {
  readonly value: T;
  readonly layer: Scope | "default";
}

/** What the judge needs to know of the defaults section. */
export interface DefaultsEntry {
  readonly unmappedToolAction: SourcedValue<UnmappedAction>;
  readonly unmappedSeverity: SourcedValue<Severity>;
  readonly failOpen: SourcedValue<boolean>;
  readonly enforcementMode: SourcedValue<EnforcementMode>;
  readonly graceMs: SourcedValue<number>;
  readonly failOn: SourcedValue<Severity>;
}

/** Where a glob is used: for explanations, so that every matching rule can be named with the place of the glob itself. */
export interface GlobUse {
  readonly kind: "forbidden" | "trigger" | "capability";
  /** Rank in the table of its kind. */
  readonly rank: number;
  readonly line: number;
  readonly column: number;
}

export interface GlobEntry {
  /** Canonical text. */
  readonly text: string;
  readonly uses: readonly GlobUse[];
}

/** A decoded and checked artifact. Views into one byte array; nothing here changes after decode. */
export interface Artifact {
  readonly bytes: Uint8Array;
  /** SHA-256 of the policy's meaning, hex. */
  readonly digest: string;
  readonly name: string;
  readonly description: string;
  readonly sources: readonly SourceEntry[];
  readonly defaults: DefaultsEntry;
  readonly forbidden: Table<ForbiddenEntry>;
  readonly triggers: Table<TriggerEntry>;
  readonly terms: Table<TermEntry>;
  readonly capabilities: Table<CapabilityEntry>;
  readonly globs: Table<GlobEntry>;
  readonly rowCount: number;
}
