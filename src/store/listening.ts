import { Kysely } from "kysely";
import pg from "pg";
import { storePollPostgresMs } from "../limits.js";
import type { ChangeSource } from "./change-feed.js";
import { clientConfig, postgresDialect, survive } from "./dialect-postgres.js";
import type { Tables } from "./tables.js";

/** On which changes are told. Of the whole database: another schema's come here, too, and cost one query. */
export const changesChannel = "smoltbot_changes";

/**
 * One connection of its own, so that looks never wait for other queries. It is made by the first look, and made again by the next
 * one after it was lost.
 */
export function listening(url: string): ChangeSource {
  const hints = new Set<() => void>();
  const hint = () => {
    for (const each of hints) each();
  };
  let current: Kysely<Tables> | undefined;
  const connected = (): Kysely<Tables> => {
    current ??= new Kysely<Tables>({ dialect: postgresDialect(listeningPool(url, hint)) });
    return current;
  };
  const drop = async () => {
    const dropped = current;
    current = undefined;
    await dropped?.destroy().catch(() => {});
  };
  return {
    everyMs: storePollPostgresMs,
    look: async (queries) => {
      try {
        return await queries(connected());
      } catch (error) {
        // It may be stuck rather than lost: begin anew, and wait for nothing.
        void drop();
        throw error;
      }
    },
    onHint: (listener) => {
      hints.add(listener);
      return () => void hints.delete(listener);
    },
    close: drop,
  };
}

function listeningPool(url: string, hint: () => void): pg.Pool {
  const pool = new pg.Pool({
    ...clientConfig(url),
    max: 1,
    idleTimeoutMillis: 0,
    // A connection whose other end is gone without a word answers nothing.
    query_timeout: 4 * storePollPostgresMs,
    onConnect: async (client) => {
      client.on("notification", hint);
      await client.query(`listen ${changesChannel}`);
    },
  });
  // Lost while idle: look at once, which connects again.
  survive(pool, hint);
  return pool;
}
