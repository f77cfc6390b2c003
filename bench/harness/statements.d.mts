import type { CompiledQuery } from "kysely";
import type { Database } from "../../src/store/database.js";

export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}
export function recorded(db: Database): { readonly db: Database; take(): Statement[] };
export function planOf(
  db: Database,
  raw: (sql: string, parameters: unknown[]) => CompiledQuery,
  statement: Statement,
  options?: { readonly run?: boolean },
): Promise<string[]>;
