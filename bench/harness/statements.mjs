/**
 * What a store asks its database, word for word, and how the database goes about it. Takes a `Database` (src/store/database.ts) and
 * gives one that does the same and remembers the statements.
 */
export function recorded(db) {
  const statements = new Map();
  const listening = (q) =>
    q.withPlugin({
      transformQuery: ({ node, queryId }) => {
        const { sql, parameters } = q.getExecutor().compileQuery(node, queryId);
        if (!statements.has(sql)) statements.set(sql, parameters);
        return node;
      },
      transformResult: async ({ result }) => result,
    });
  return {
    db: {
      ...db,
      read: (queries) => db.read((q) => queries(listening(q))),
      snapshot: (queries) => db.snapshot((q) => queries(listening(q))),
      write: (queries) => db.write((q) => queries(listening(q))),
      announce: (trx, change) => db.announce(trx, change),
    },
    /** The distinct statements since the last time. */
    take() {
      const taken = [...statements].map(([sql, parameters]) => ({ sql, parameters }));
      statements.clear();
      return taken;
    },
  };
}

/** @returns the lines of the plan. PostgreSQL runs what only reads, to say what it met. */
export async function planOf(db, raw, { sql, parameters }, { run = true } = {}) {
  const reads = sql.startsWith("select");
  const explain = db.kind === "sqlite" ? "explain query plan" : reads && run ? "explain (analyze, buffers)" : "explain";
  const rows = await db[reads ? "read" : "write"](
    async (q) => (await q.executeQuery(raw(`${explain} ${sql}`, [...parameters]))).rows,
  );
  return rows.map((row) => (db.kind === "sqlite" ? row.detail : row["QUERY PLAN"]));
}
