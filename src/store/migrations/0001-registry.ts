import { type ColumnDataType, type CreateTableBuilder, type Kysely, type Migration, type RawBuilder, sql } from "kysely";

type Kind = "sqlite" | "postgres";
type Type = ColumnDataType | RawBuilder<unknown>;
// A migration stands for the tables of its time, not of today: it is written without their types.
type Untyped = Kysely<unknown>;
type Table = CreateTableBuilder<string, string>;

/** What differs between the two: the names of the types, and how a row gets its number. */
function columnsOf(kind: Kind) {
  const pg = kind === "postgres";
  // Names compare byte by byte, as in SQLite, whatever the language of the database.
  const name: Type = pg ? sql`text collate "C"` : "text";
  const bytes: Type = pg ? "bytea" : "blob";
  const integer: Type = pg ? "bigint" : "integer";
  return {
    names: (table: Table, ...columns: readonly string[]) => add(table, columns, name, true),
    nameMaybe: (table: Table, ...columns: readonly string[]) => add(table, columns, name, false),
    texts: (table: Table, ...columns: readonly string[]) => add(table, columns, "text", true),
    textMaybe: (table: Table, ...columns: readonly string[]) => add(table, columns, "text", false),
    integers: (table: Table, ...columns: readonly string[]) => add(table, columns, integer, true),
    integerMaybe: (table: Table, ...columns: readonly string[]) => add(table, columns, integer, false),
    bytes: (table: Table, ...columns: readonly string[]) => add(table, columns, bytes, true),
    /** Grows, and no number comes twice. */
    number: (table: Table, column: string) =>
      table.addColumn(column, integer, (c) =>
        pg ? c.generatedAlwaysAsIdentity().primaryKey() : c.primaryKey().autoIncrement(),
      ) as Table,
  };
}

function add(table: Table, columns: readonly string[], type: Type, needed: boolean): Table {
  let out = table;
  for (const column of columns) {
    // biome-ignore lint/suspicious/noExplicitAny: the builder's type follows literal names, and these are arguments
    out = out.addColumn(column, type as any, (c) => (needed ? c.notNull() : c)) as Table;
  }
  return out;
}

export function registryMigration(kind: Kind): Migration {
  const is = columnsOf(kind);
  return {
    up: async (db: Untyped) => {
      const make = async (table: string, define: (t: Table) => Table, withoutRowid = false) => {
        const defined = define(db.schema.createTable(table) as Table);
        const strict = withoutRowid ? sql`strict, without rowid` : sql`strict`;
        await (kind === "sqlite" ? defined.modifyEnd(strict) : defined).execute();
      };
      const index = (table: string, ...columns: readonly string[]) =>
        db.schema
          .createIndex(`${table}_by_${columns.slice(1).join("_")}`)
          .on(table)
          .columns([...columns])
          .execute();
      await makeOwners(make, is);
      await makePolicies(make, is);
      await makeObserved(make, is);
      await makeRest(make, is);
      await index("team_agents", "org", "agent");
      await index("traces", "org", "first_ms", "trace");
      await index("traces", "org", "last_ms", "trace", "first_ms");
      await index("traces", "org", "agent", "first_ms", "trace");
      await index("traces", "org", "agent", "last_ms", "trace", "first_ms");
      await index("sightings", "org", "agent", "last_ms", "tool_key");
      await index("transactions", "org", "created_at_ms", "transaction_id");
      await index("transactions", "org", "agent", "created_at_ms", "transaction_id");
      await index("transactions", "org", "agent", "session_key", "created_at_ms", "transaction_id");
      await index("api_keys", "org", "created_at_ms");
      await index("audit_log", "org", "id");
      if (kind === "sqlite") await expectSizes(db);
    },
  };
}

/**
 * SQLite counts rows only when told to, and guesses badly before: of two indices that both begin with the org it took the one without
 * the agent. What is expected stands in for a count, so that plans are the same in every store.
 */
async function expectSizes(db: Untyped): Promise<void> {
  // Makes the table of counts.
  await sql`analyze orgs`.execute(db);
  const expected = [
    ["traces", "sqlite_autoindex_traces_1", "1000000 500000 100 1"],
    ["traces", "traces_by_first_ms_trace", "1000000 500000 2 1"],
    ["traces", "traces_by_last_ms_trace_first_ms", "1000000 500000 2 1 1"],
    ["traces", "traces_by_agent_first_ms_trace", "1000000 500000 100 1 1"],
    ["traces", "traces_by_agent_last_ms_trace_first_ms", "1000000 500000 100 1 1 1"],
    ["transactions", "sqlite_autoindex_transactions_1", "10000 5000 1"],
    ["transactions", "transactions_by_created_at_ms_transaction_id", "10000 5000 1 1"],
    ["transactions", "transactions_by_agent_created_at_ms_transaction_id", "10000 5000 10 1 1"],
    ["transactions", "transactions_by_agent_session_key_created_at_ms_transaction_id", "10000 5000 10 2 1 1"],
  ];
  for (const [table, name, rows] of expected)
    await sql`insert into sqlite_stat1 (tbl, idx, stat) values (${table}, ${name}, ${rows})`.execute(db);
  // Takes them over.
  await sql`analyze sqlite_schema`.execute(db);
}

type Make = (table: string, define: (t: Table) => Table, withoutRowid?: boolean) => Promise<void>;
type Columns = ReturnType<typeof columnsOf>;

function key(table: Table, name: string, ...columns: readonly string[]): Table {
  return table.addPrimaryKeyConstraint(`${name}_pk`, [...columns] as never[]) as Table;
}

async function makeOwners(make: Make, is: Columns): Promise<void> {
  await make("orgs", (t) => key(is.integers(is.names(t, "org"), "created_at_ms"), "orgs", "org"));
  await make(
    "agents",
    (t) =>
      key(
        is.integerMaybe(is.integers(is.names(t, "org", "agent"), "created_at_ms"), "last_seen_at_ms"),
        "agents",
        "org",
        "agent",
      ),
    true,
  );
  await make(
    "teams",
    (t) => key(is.texts(is.integers(is.names(t, "org", "team"), "created_at_ms"), "created_by"), "teams", "org", "team"),
    true,
  );
  await make("team_agents", (t) => key(is.names(t, "org", "team", "agent"), "team_agents", "org", "team", "agent"), true);
}

async function makePolicies(make: Make, is: Columns): Promise<void> {
  await make("cards", (table) => {
    let t = is.integers(is.names(table, "org", "agent"), "version");
    t = is.textMaybe(t, "card_id");
    t = is.texts(t, "media_type", "source_digest");
    t = is.integers(t, "created_at_ms");
    t = is.texts(t, "created_by", "source");
    return key(t, "cards", "org", "agent", "version");
  });
  await make("policy_owners", (table) => {
    let t = is.texts(is.names(table, "org", "agent"), "policy_id");
    t = is.integers(t, "last_version");
    t = is.integerMaybe(t, "active_version");
    t = is.integers(t, "first_created_at_ms");
    return key(t, "policy_owners", "org", "agent");
  });
  await make("policy_versions", (table) => {
    let t = is.integers(is.names(table, "org", "agent"), "version");
    t = is.textMaybe(is.texts(t, "name"), "description");
    t = is.integerMaybe(is.texts(t, "source_digest", "digest"), "org_version");
    t = is.texts(is.integers(t, "created_at_ms"), "created_by");
    t = is.integerMaybe(is.textMaybe(t, "message"), "restored_from");
    t = is.bytes(is.texts(t, "media_type", "source"), "artifact");
    return key(t, "policy_versions", "org", "agent", "version");
  });
}

async function makeObserved(make: Make, is: Columns): Promise<void> {
  await make("traces", (table) => {
    let t = is.names(is.number(table, "trace"), "org", "agent", "trace_key");
    t = is.texts(is.textMaybe(t, "trace_id"), "format");
    t = is.integers(t, "first_ms", "last_ms", "calls", "places", "ingested_at_ms");
    return is.texts(t, "ingested_by").addUniqueConstraint("traces_id", ["org", "agent", "trace_key"]) as Table;
  });
  // No foreign key: PostgreSQL looks one up for each row. Traces and their calls come and go in one transaction.
  await make(
    "trace_calls",
    (table) => {
      let t = is.bytes(is.integers(table, "trace", "time_ms", "place"), "identity");
      t = is.textMaybe(is.integers(t, "dated"), "session", "call_id");
      t = is.textMaybe(is.integers(is.texts(t, "tool"), "subagent"), "decision");
      t = t.addUniqueConstraint("trace_calls_id", ["identity"]) as Table;
      return key(t, "trace_calls", "trace", "time_ms", "place");
    },
    true,
  );
  await make(
    "sightings",
    (table) => {
      const t = is.textMaybe(is.names(table, "org", "agent", "tool_key"), "tool");
      return key(is.integers(t, "first_ms", "last_ms"), "sightings", "org", "agent", "tool_key");
    },
    true,
  );
}

async function makeRest(make: Make, is: Columns): Promise<void> {
  await make("transactions", (table) => {
    let t = is.texts(is.names(table, "org", "transaction_id", "agent"), "description", "action_type");
    t = is.textMaybe(is.nameMaybe(is.textMaybe(t, "tools", "allowed_capabilities"), "session_key"), "session");
    t = is.integers(is.texts(is.integers(t, "created_at_ms"), "created_by"), "expires_at_ms");
    t = is.textMaybe(is.integerMaybe(t, "ended_at_ms"), "policy_source");
    return key(t, "transactions", "org", "transaction_id");
  });
  await make("api_keys", (table) => {
    let t = is.texts(is.names(table, "key_id", "org"), "name", "role");
    t = is.texts(is.textMaybe(t, "agents"), "secret_hash");
    t = is.texts(is.integers(t, "created_at_ms"), "created_by");
    t = is.integerMaybe(t, "expires_at_ms", "revoked_at_ms", "last_used_at_ms");
    return key(t, "api_keys", "key_id");
  });
  await make("audit_log", (table) => {
    const t = is.texts(is.names(is.number(table, "id"), "org"), "actor");
    return is.texts(is.integers(t, "at_ms"), "action", "subject", "detail");
  });
  await make("changes", (table) => {
    const t = is.nameMaybe(is.names(is.number(table, "seq"), "org"), "agent");
    return is.textMaybe(is.texts(t, "kind"), "id");
  });
}
