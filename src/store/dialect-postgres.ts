import { userInfo } from "node:os";
import { PostgresDialect } from "kysely";
import pg from "pg";
import { storeLockWaitMs, storeStatementMs } from "../limits.js";

const int8 = 20;

/** Whole numbers of 64 bits as numbers: what is kept in them (times, versions) is exact far beyond need. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text") =>
    oid === int8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

export interface PostgresAddress {
  readonly url: string;
  readonly poolSize: number;
  readonly lockWaitMs?: number | undefined;
}

/** What a pool and a connection of its own have in common. */
export function clientConfig(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    ...defaultUser(url),
    application_name: "smoltbot",
    connectionTimeoutMillis: storeLockWaitMs,
    keepAlive: true,
    types,
  };
}

/** Without one in the address or the environment the driver takes $USER, which services often lack. */
function defaultUser(url: string): { user?: string } {
  if (process.env.PGUSER !== undefined || process.env.USER !== undefined) return {};
  try {
    const parsed = new URL(url);
    return parsed.username !== "" || parsed.searchParams.has("user") ? {} : { user: userInfo().username };
  } catch {
    return {};
  }
}

export function postgresPool({ url, poolSize, lockWaitMs = storeLockWaitMs }: PostgresAddress): pg.Pool {
  const pool = new pg.Pool({
    ...clientConfig(url),
    max: poolSize,
    connectionTimeoutMillis: lockWaitMs,
    idleTimeoutMillis: 30_000,
    onConnect: (client) => setUp(client, lockWaitMs),
  });
  survive(pool);
  return pool;
}

/**
 * A connection that is lost leaves the pool; who was using it is told by the query, and who asks next gets another. Without listeners
 * the process would end.
 */
export function survive(pool: pg.Pool, whenLost: () => void = () => {}): void {
  pool.on("error", whenLost);
  pool.on("connect", (client) => client.on("error", () => {}));
}

/**
 * As statements, because poolers refuse them when a connection is made. A database may be set to answer before a commit is on the disk:
 * what is acknowledged here has to stay.
 */
async function setUp(client: { query(sql: string): Promise<unknown> }, lockWaitMs: number): Promise<void> {
  await client.query(
    `select set_config('statement_timeout', '${storeStatementMs}', false), set_config('lock_timeout', '${lockWaitMs}', false),
      set_config('idle_in_transaction_session_timeout', '${storeStatementMs}', false),
      set_config('synchronous_commit', case current_setting('synchronous_commit') when 'off' then 'on' else current_setting('synchronous_commit') end, false)`,
  );
}

export function postgresDialect(pool: pg.Pool): PostgresDialect {
  return new PostgresDialect({ pool });
}

/** `postgres://user@host:port/database`: for people, without the password. */
export function postgresPlace(url: string): string {
  try {
    const { protocol, username, host, pathname } = new URL(url);
    return `${protocol}//${username === "" ? "" : `${username}@`}${host}${pathname}`;
  } catch {
    return "PostgreSQL";
  }
}
