/** What only the caller of a replay's report knows: the command line, the clock, the release. */
export interface ReplayFrame {
  /** The policy file as the user named it. */
  readonly file: string;
  /** The agent whose ingested runs were replayed; undefined for runs from files. */
  readonly runsOf?: string | undefined;
  /** Why the command exits 1, in words; empty when it does not. */
  readonly exitReasons: readonly string[];
  /** When the report is made, epoch milliseconds. */
  readonly generatedAtMs: number;
  /** Of this package. */
  readonly version: string;
}
