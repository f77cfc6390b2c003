import type { ContextKind } from "../engine/result.js";
import type { ConfigOptions } from "./options.js";
import type { TraceOptions } from "./trace-options.js";

export const testFormats = ["text", "json", "markdown", "junit", "sarif", "html"] as const;
export type TestFormat = (typeof testFormats)[number];

/** What `policy test` is told on the command line. */
export interface TestOptions extends ConfigOptions, TraceOptions {
  readonly org?: string;
  readonly card?: string;
  readonly agent?: string;
  readonly agentId?: string;
  readonly session?: string;
  readonly limit: number;
  readonly since?: number;
  readonly until?: number;
  readonly against?: string;
  readonly againstOrg?: string;
  /** commander's name for `--no-grace` not given. */
  readonly grace: boolean;
  readonly strict?: boolean;
  readonly reportOnly?: boolean;
  readonly context: ContextKind | "runtime" | "audit";
  readonly suite?: readonly string[];
  readonly filter?: string;
  readonly ruleCoverage?: boolean;
  /** Percent. */
  readonly minRuleCoverage?: number;
  readonly watch?: boolean;
  readonly format: TestFormat;
  readonly output?: string;
}
