import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { SqliteFile } from "./sqlite-file.js";

/** Does something again while the file is locked. */
export type Patience = <T>(work: () => T) => Promise<T>;

/**
 * One connection. Whoever asks for it waits until the one before has finished: statements of two transactions never mix. `begin` is
 * how transactions start: for writers at once with the file's lock, so that nothing inside can meet it.
 */
export function sqliteDialect(file: SqliteFile, begin: "begin" | "begin immediate", patiently: Patience): Dialect {
  return {
    createAdapter: () => new TransactionalAdapter(),
    createDriver: () => new SqliteDriver(file, begin, patiently),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** SQLite can change tables in a transaction, and several processes may migrate at once. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class SqliteDriver implements Driver {
  private readonly connection: DatabaseConnection;
  private last: Promise<void> = Promise.resolve();
  private release: (() => void) | undefined;

  constructor(
    private readonly file: SqliteFile,
    private readonly begin: string,
    private readonly patiently: Patience,
  ) {
    this.connection = { executeQuery: (query) => patiently(() => execute(file, query)), streamQuery: refuseStreaming };
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.last;
    let release = () => {};
    this.last = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    this.release = release;
    return this.connection;
  }

  async releaseConnection(): Promise<void> {
    this.release?.();
  }

  async beginTransaction(): Promise<void> {
    await this.patiently(() => this.file.exec(this.begin));
  }

  async commitTransaction(): Promise<void> {
    this.file.exec("commit");
  }

  async rollbackTransaction(): Promise<void> {
    // Some faults (a full disk) have rolled back already, and saying so again would hide them.
    try {
      this.file.exec("rollback");
    } catch {}
  }

  async destroy(): Promise<void> {
    await this.last;
    this.file.close();
  }
}

function execute<R>(file: SqliteFile, query: CompiledQuery): QueryResult<R> {
  const node = query.query;
  const rows =
    node.kind === "SelectQueryNode" || node.kind === "RawNode" || ("returning" in node && node.returning !== undefined);
  const result = file.run(query.sql, query.parameters, rows);
  return { rows: result.rows as R[], numAffectedRows: BigInt(result.changes) };
}

function refuseStreaming(): never {
  throw new TypeError("read in blocks: a cursor would keep the connection");
}
