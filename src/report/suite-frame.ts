/** What only the caller of a report of policy tests knows. */
export interface SuiteFrame {
  /** Why the command exits 1, in words; empty when it does not. */
  readonly exitReasons: readonly string[];
  /** Show every rule, not only those that no case exercises. */
  readonly allRules: boolean;
  /** When the report is made, epoch milliseconds. */
  readonly generatedAtMs: number;
  /** Of this package. */
  readonly version: string;
}
