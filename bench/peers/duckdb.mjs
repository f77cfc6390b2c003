import { version } from "./version.mjs";

/**
 * DuckDB reads JSON lines into columns whose names and types it is told, on as many threads as it is given, and counts by
 * tool. The other columns are only asked for their largest value, which is less than we do with them.
 */
export const name = "DuckDB read_json";

export async function open(threads) {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", { threads: String(threads) });
  const connection = await instance.connect();
  return {
    version: version("@duckdb/node-api"),
    /** Calls by tool, and the latest time. */
    async read(path) {
      const answer = await connection.runAndReadAll(
        `SELECT tool_name, count(*)::DOUBLE, max(epoch_ms(timestamp))::DOUBLE, max(session_id), max(agent_id)
         FROM read_json($path, format = 'newline_delimited', maximum_object_size = 16777216,
           columns = {tool_name: 'VARCHAR', timestamp: 'TIMESTAMP', session_id: 'VARCHAR', agent_id: 'VARCHAR'})
         GROUP BY tool_name`,
        { path },
      );
      const calls = new Map();
      let lastMs = 0;
      for (const [tool, count, ms] of answer.getRows()) {
        calls.set(tool, count);
        lastMs = Math.max(lastMs, ms);
      }
      return { calls, lastMs };
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
