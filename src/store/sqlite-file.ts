import { storeStatementsMax } from "../limits.js";
import { StoreUnavailable } from "./failures.js";

/** What the two drivers of SQLite have in common. */
export interface SqliteFile {
  /** Rows of a query, or what was changed by anything else. */
  run(sql: string, parameters: readonly unknown[], rows: boolean): { rows: unknown[]; changes: number };
  exec(sql: string): void;
  /** Again does nothing. */
  close(): void;
}

interface Statement {
  /** Whether it answers with rows: better-sqlite3 says so, and takes `all` amiss where it does not. */
  readonly reader?: boolean;
  all(...parameters: unknown[]): unknown[];
  run(...parameters: unknown[]): { changes: number | bigint };
}

interface Handle {
  prepare(sql: string): Statement;
  exec(sql: string): unknown;
  close(): unknown;
}

/** Opens a file (or `:memory:`) with Node's own SQLite, or with better-sqlite3 where Node has none. */
export type SqliteOpener = (path: string) => SqliteFile;

export async function loadSqlite(): Promise<SqliteOpener> {
  const own = await nodeSqlite();
  if (own !== undefined) return (path) => withStatements(new own.DatabaseSync(path) as unknown as Handle);
  try {
    const { default: BetterSqlite } = await import("better-sqlite3");
    return (path) => withStatements(new BetterSqlite(path) as unknown as Handle);
  } catch (cause) {
    throw new StoreUnavailable(
      "this Node has no SQLite and the package better-sqlite3 is not installed: use Node 22.13 or newer, install better-sqlite3, or set DATABASE_URL to a PostgreSQL",
      { cause },
    );
  }
}

// Types of Node 20 do not know the module.
interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => unknown;
}

async function nodeSqlite(): Promise<NodeSqlite | undefined> {
  const name: string = "node:sqlite";
  const warn = process.emitWarning;
  // It says on stderr that it is experimental, once; that is no concern of who runs a command.
  process.emitWarning = () => {};
  try {
    return (await import(name)) as NodeSqlite;
  } catch {
    return undefined;
  } finally {
    process.emitWarning = warn;
  }
}

/** Each statement is prepared once; the ones not used for longest go first. */
function withStatements(handle: Handle): SqliteFile {
  const statements = new Map<string, Statement>();
  let open = true;
  const prepared = (sql: string): Statement => {
    const known = statements.get(sql);
    if (known !== undefined) statements.delete(sql);
    const statement = known ?? handle.prepare(sql);
    statements.set(sql, statement);
    if (statements.size > storeStatementsMax) statements.delete(statements.keys().next().value as string);
    return statement;
  };
  return {
    run: (sql, parameters, rows) => {
      const statement = prepared(sql);
      if (rows && statement.reader !== false) return { rows: statement.all(...parameters), changes: 0 };
      return { rows: [], changes: Number(statement.run(...parameters).changes) };
    },
    exec: (sql) => void handle.exec(sql),
    close: () => {
      statements.clear();
      if (open) handle.close();
      open = false;
    },
  };
}
