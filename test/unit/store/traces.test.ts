import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore } from "../../../src/store/open.js";
import type {
  AlikeCalls,
  CallRange,
  IngestedCall,
  IngestedTrace,
  Store,
  StoredCall,
  StoredTrace,
} from "../../../src/store/store.js";
import { Random } from "../../support/random.js";
import { scaled } from "../../support/scale.js";
import { type Place, storeKinds } from "../../support/stores.js";

const by = { actor: "tests", atMs: 1_000_000 };

function call(more: Partial<IngestedCall> = {}): IngestedCall {
  return { callId: undefined, session: "s", tool: "bash", timeMs: 1, subagent: false, decision: undefined, ...more };
}

function trace(more: Partial<IngestedTrace> = {}): IngestedTrace {
  return { agent: "a", traceId: "t", format: "events", seenMs: undefined, calls: [], ...more };
}

async function all<T>(blocks: AsyncIterable<readonly T[]>): Promise<T[]> {
  const out: T[] = [];
  for await (const block of blocks) out.push(...block);
  return out;
}

describe.each(storeKinds)("traces on $name", (kind) => {
  let place: Place;
  let store: Store;
  let orgs = 0;
  /** Nobody else's. */
  const newOrg = () => `org-${orgs++}`;

  beforeAll(async () => {
    place = await kind.place();
    store = await openStore(place.where, { poolSize: 4 });
  });
  afterAll(async () => {
    await store?.close();
    await place?.remove();
  });

  const calls = (org: string, range: Partial<CallRange> = {}) => all(store.traces.calls(org, { agents: undefined, ...range }));
  const inRange = (org: string, range: Partial<CallRange> = {}) =>
    all(store.traces.inRange(org, { agents: undefined, ...range }));

  it("gives back what came in, with everything it said", async () => {
    const org = newOrg();
    const full = call({ callId: "c1", session: "other", tool: "read", timeMs: 20, subagent: true, decision: "denied" });
    const sent = trace({ calls: [call({ timeMs: 30 }), full, call({ timeMs: 25, session: "t" })] });
    expect(await store.traces.ingest(org, [sent], by)).toEqual({ traces: 1, calls: 3, repeatedCalls: 0 });
    const around = { agent: "a", traceId: "t", format: "events", dated: true };
    expect(await calls(org)).toEqual([full, sent.calls[2], sent.calls[0]].map((one) => ({ ...one, ...around })));
    const stored = { agent: "a", traceId: "t", format: "events", firstMs: 20, lastMs: 30, calls: 3, ingestedAtMs: by.atMs };
    expect(await store.traces.list(org, "a", { page: 1, perPage: 10 })).toEqual({ items: [stored], total: 1 });
    expect(await inRange(org)).toEqual([stored]);
  });

  it("changes nothing when the same is sent again, in any order and in pieces, by any process", async () => {
    const org = newOrg();
    const sent = [
      trace({ traceId: "ids", calls: [call({ callId: "1" }), call({ callId: "2" })] }),
      trace({
        traceId: "no ids",
        calls: [call(), call(), call({ tool: "read" }), call({ timeMs: undefined }), call({ timeMs: undefined })],
      }),
      trace({ traceId: "empty" }),
      trace({ traceId: "seen", seenMs: 77 }),
    ];
    const first = await store.traces.ingest(org, sent, by);
    expect(first).toEqual({ traces: 4, calls: 7, repeatedCalls: 0 });
    const everything = async () => ({
      calls: await calls(org),
      traces: await inRange(org),
      agents: await store.agents.list(org, { page: 1, perPage: 10 }),
      sightings: await store.sightings.list(org, "a", { page: 1, perPage: 10 }),
    });
    const before = await everything();
    const later = { actor: "somebody else", atMs: by.atMs + 5_000 };
    const again = await openStore(place.where, { poolSize: 2 });
    try {
      expect(await again.traces.ingest(org, sent, later)).toEqual({ traces: 4, calls: 0, repeatedCalls: 7 });
      const reversed = sent.toReversed().map((one) => ({ ...one, calls: one.calls.toReversed() }));
      expect(await again.traces.ingest(org, reversed, later)).toEqual({ traces: 4, calls: 0, repeatedCalls: 7 });
      for (const one of sent) await again.traces.ingest(org, [one], later);
    } finally {
      await again.close();
    }
    expect(await everything()).toEqual(before);
  });

  it("knows a call by its id in its session, tool, format and agent, and by nothing else", async () => {
    const org = newOrg();
    const known = call({ callId: "x" });
    await store.traces.ingest(org, [trace({ calls: [known] })], by);
    const again = async (more: Partial<IngestedTrace>, calls: readonly IngestedCall[]) =>
      (await store.traces.ingest(org, [trace({ ...more, calls })], by)).repeatedCalls;
    expect(await again({ traceId: "another" }, [call({ callId: "x", timeMs: 9, subagent: true, decision: "denied" })])).toBe(1);
    expect(await again({}, [call({ callId: "x", session: "z" })])).toBe(0);
    expect(await again({}, [call({ callId: "x", tool: "z" })])).toBe(0);
    expect(await again({ format: "z" }, [known])).toBe(0);
    expect(await again({ agent: "z" }, [known])).toBe(0);
    expect((await store.traces.ingest(newOrg(), [trace({ calls: [known] })], by)).repeatedCalls).toBe(0);
    // What two texts could be cut into differently.
    expect(await again({}, [call({ callId: "1:y", session: "s" }), call({ callId: "y", session: "s1:" })])).toBe(0);
  });

  it("takes a call with an id twice in one body once, calls without id as many as there are", async () => {
    const org = newOrg();
    const sent = trace({ calls: [call({ callId: "x" }), call({ callId: "x" }), call(), call(), call()] });
    expect(await store.traces.ingest(org, [sent], by)).toEqual({ traces: 1, calls: 4, repeatedCalls: 1 });
    const more = trace({ calls: [...sent.calls, call()] });
    expect(await store.traces.ingest(org, [more], by)).toEqual({ traces: 1, calls: 1, repeatedCalls: 5 });
    expect((await inRange(org))[0]?.calls).toBe(5);
  });

  it("tells calls without id apart over the blocks of one body", async () => {
    const org = newOrg();
    const block = trace({ calls: [call(), call()] });
    for (const round of [0, 2]) {
      const alike: AlikeCalls = new Map();
      expect((await store.traces.ingest(org, [block], by, alike)).repeatedCalls).toBe(round);
      expect((await store.traces.ingest(org, [block], by, alike)).repeatedCalls).toBe(round);
    }
    expect(await calls(org)).toHaveLength(4);
  });

  it("dates what has no time by its ingestion, and says so", async () => {
    const org = newOrg();
    await store.traces.ingest(org, [trace({ calls: [call({ timeMs: undefined })] }), trace({ traceId: "empty" })], by);
    expect((await calls(org)).map(({ timeMs, dated }) => [timeMs, dated])).toEqual([[by.atMs, false]]);
    expect((await inRange(org)).map(({ firstMs, lastMs }) => [firstMs, lastMs])).toEqual([
      [by.atMs, by.atMs],
      [by.atMs, by.atMs],
    ]);
    // A later one with a time widens its run, and a later one without does, too.
    const later = { ...by, atMs: by.atMs + 500 };
    await store.traces.ingest(org, [trace({ calls: [call({ timeMs: 5 }), call({ tool: "new", timeMs: undefined })] })], later);
    const [run] = (await inRange(org)).filter(({ traceId }) => traceId === "t");
    expect(run).toMatchObject({ firstMs: 5, lastMs: later.atMs, calls: 3 });
  });

  it("counts calls as sightings at their time, those that were refused too", async () => {
    const org = newOrg();
    const sent = [call({ timeMs: 50, decision: "denied" }), call({ timeMs: 20 }), call({ tool: "read", timeMs: undefined })];
    await store.traces.ingest(org, [trace({ calls: sent })], by);
    expect(await store.sightings.firstSeen(org, "a", ["bash", "read", "none"])).toEqual(
      new Map([
        ["bash", 20],
        ["read", by.atMs],
      ]),
    );
    expect((await store.agents.get(org, "a"))?.lastSeenAtMs).toBe(by.atMs);
  });

  it("keeps names of any text", async () => {
    const org = newOrg();
    const names = [
      "",
      "\0",
      "\ud800",
      "\udc00x",
      "\u0010",
      "\u0010d800",
      "'; drop table traces; --",
      "__proto__",
      "名前",
      "x".repeat(1_000_000),
    ];
    const sent = names.map((name) =>
      trace({ traceId: name, format: name, calls: [call({ tool: name, session: `s${name}`, callId: name })] }),
    );
    await store.traces.ingest(org, sent, by);
    const found = await calls(org);
    expect(new Set(found.map(({ tool }) => tool))).toEqual(new Set(names));
    for (const one of found)
      expect([one.traceId, one.session, one.callId, one.format]).toEqual([one.tool, `s${one.tool}`, one.tool, one.tool]);
    expect(await store.sightings.firstSeen(org, "a", names)).toEqual(new Map(names.map((name) => [name, 1])));
    expect((await store.traces.ingest(org, sent, by)).calls).toBe(0);
  });

  it("takes whole milliseconds of any time, and dates what is no time by its ingestion", async () => {
    const org = newOrg();
    const times = [1.9, -0.5, -1e12, 8.64e15, 8.65e15, 1e300, Infinity, -Infinity, NaN];
    const sent = times.map((timeMs, i) => trace({ traceId: `t${i}`, seenMs: timeMs, calls: [call({ callId: `${i}`, timeMs })] }));
    await store.traces.ingest(org, sent, by);
    const kept = (await calls(org)).toSorted((a, b) => Number(a.callId) - Number(b.callId));
    const none = [by.atMs, false];
    expect(kept.map(({ timeMs, dated }) => [timeMs, dated])).toEqual([
      [1, true],
      [-1, true],
      [-1e12, true],
      [8.64e15, true],
      none,
      none,
      none,
      none,
      none,
    ]);
    expect((await calls(org, { sinceMs: -0.5, untilMs: 1.5 })).map(({ timeMs }) => timeMs)).toEqual([1]);
    expect(await calls(org, { sinceMs: -Infinity, untilMs: Infinity })).toHaveLength(9);
    expect(await calls(org, { sinceMs: 1e300 })).toEqual([]);
    expect(await store.traces.prune(org, -Infinity)).toBe(0);
    expect(await store.traces.prune(org, 1e300)).toBe(8);
  });

  it("gives nothing of another org, and nothing for no agents", async () => {
    const org = newOrg();
    await store.traces.ingest(org, [trace({ calls: [call()] })], by);
    expect(await calls(newOrg())).toEqual([]);
    expect(await calls(org, { agents: [] })).toEqual([]);
    expect(await calls(org, { agents: ["b"] })).toEqual([]);
    expect(await calls(org, { traces: 0 })).toEqual([]);
    expect(await store.traces.ingest(org, [], by)).toEqual({ traces: 0, calls: 0, repeatedCalls: 0 });
  });

  it("counts each call once when many processes send overlapping bodies at once", async () => {
    const org = newOrg();
    const others = await Promise.all([1, 2, 3].map(() => openStore(place.where, { poolSize: 2 })));
    const body = (from: number) =>
      Array.from({ length: 6 }, (_, i) =>
        trace({
          agent: `agent-${(from + i) % 2}`,
          traceId: `t${from + i}`,
          calls: Array.from({ length: 5 }, (_, k) =>
            call({ callId: k < 3 ? `c${from + i}-${k}` : undefined, session: "one", timeMs: from + i }),
          ),
        }),
      );
    try {
      const starts = Array.from({ length: 18 }, (_, i) => i % 9);
      const told = await Promise.all(
        starts.map((from, i) =>
          (others[i % 3] as Store).traces.ingest(org, i % 2 === 0 ? body(from) : body(from).toReversed(), by),
        ),
      );
      expect(told.reduce((sum, { calls: some }) => sum + some, 0)).toBe(14 * 5);
      const runs = await inRange(org);
      expect(runs.map(({ calls: some }) => some)).toEqual(Array.from({ length: 14 }, () => 5));
      expect(await calls(org)).toHaveLength(14 * 5);
    } finally {
      await Promise.all(others.map((other) => other.close()));
    }
  });

  it("deletes runs that ended, a long one in pieces, while others write", async () => {
    const org = newOrg();
    const long = trace({
      traceId: "long",
      calls: Array.from({ length: 5_001 }, (_, i) => call({ callId: `l${i}`, timeMs: i % 7 })),
    });
    const old = Array.from({ length: 30 }, (_, i) =>
      trace({ traceId: `old-${i}`, calls: [call({ callId: `o${i}`, timeMs: 50 })] }),
    );
    await store.traces.ingest(org, [long, ...old, trace({ traceId: "new", calls: [call({ timeMs: 100 })] })], by);
    // What is added to meanwhile stays, or is made anew: never a run without its calls, or calls without their run.
    const written: Promise<unknown>[] = [];
    const busy = trace({ traceId: "old-3", calls: [call({ callId: "again", timeMs: 200 })] });
    const pruned = store.traces.prune(org, 100);
    for (let i = 0; i < 5; i++) written.push(store.traces.ingest(org, [busy], by));
    await Promise.all(written);
    expect([30, 31]).toContain(await pruned);
    const runs = await inRange(org);
    expect(runs.map(({ traceId }) => traceId).toSorted()).toEqual(["new", "old-3"]);
    const left = await calls(org);
    for (const run of runs) expect(left.filter(({ traceId }) => traceId === run.traceId)).toHaveLength(run.calls);
    expect(await store.traces.prune(org, 100)).toBe(0);
    expect(await store.traces.prune(undefined, Number.MIN_SAFE_INTEGER)).toBe(0);
    // First seen stays: grace has not begun anew.
    expect(await store.sightings.firstSeen(org, "a", ["bash"])).toEqual(new Map([["bash", 0]]));
  });

  it("lets others write while it reads, and ends when the reader does", async () => {
    const org = newOrg();
    const many = Array.from({ length: 1_200 }, (_, i) =>
      trace({ traceId: `t${i}`, calls: [1, 2, 3].map((k) => call({ callId: `${i}-${k}`, timeMs: i * 10 + k })) }),
    );
    await store.traces.ingest(org, many, by);
    let seen = 0;
    for await (const block of store.traces.calls(org, { agents: ["a"] })) {
      seen += block.length;
      await store.traces.ingest(org, [trace({ traceId: "t1", calls: [call({ callId: `w${seen}`, timeMs: 1 })] })], by);
    }
    expect(seen).toBeGreaterThanOrEqual(3_600);
    for await (const block of store.traces.calls(org, { agents: ["a"] })) {
      expect(block.length).toBeGreaterThan(0);
      break;
    }
    await store.ping();
  });

  it("answers like a list of everything that was sent", { timeout: 300_000 }, async () => {
    for (let round = 0; round < scaled(2); round++) await compareWithModel(newOrg(), new Random(9_000 + round));
  });

  async function compareWithModel(org: string, r: Random): Promise<void> {
    const model = new Model();
    const agents = r.times(r.pick([1, 3, 60]), (i) => `agent-${i}`);
    const span = r.pick([10, 1_000, 100_000]);
    for (let sent = 0; sent < 8; sent++) {
      const traces = r.times(r.between(0, 40), () => randomTrace(r, agents, span));
      const at = { actor: "tests", atMs: span + sent };
      expect(await store.traces.ingest(org, traces, at)).toEqual(model.ingest(traces, at.atMs));
    }
    // One run that is longer than what is read at once, across the others.
    const long = trace({
      agent: agents[0] as string,
      traceId: "long",
      calls: r.times(2_500, (i) => call({ callId: `l${i}`, timeMs: r.below(span) })),
    });
    expect(await store.traces.ingest(org, [long], by)).toEqual(model.ingest([long], by.atMs));
    await compareAnswers(org, model, r, agents, span);
    const beforeMs = Math.floor(span * 0.9);
    expect(await store.traces.prune(org, beforeMs)).toBe(model.prune(beforeMs));
    await compareAnswers(org, model, r, agents, span);
  }

  async function compareAnswers(org: string, model: Model, r: Random, agents: readonly string[], span: number): Promise<void> {
    for (let question = 0; question < 8; question++) {
      const range: CallRange = {
        agents: r.pick([undefined, [r.pick(agents)], r.times(2, () => r.pick(agents)), [...agents, "nobody"]]),
        sinceMs: r.chance(0.5) ? r.below(span) : undefined,
        untilMs: r.chance(0.5) ? r.below(span * 1.2) : undefined,
        traces: r.chance(0.3) ? r.between(1, 30) : undefined,
      };
      const found = await calls(org, range);
      for (const [i, one] of found.entries())
        if (i > 0) expect(one.timeMs).toBeGreaterThanOrEqual((found[i - 1] as StoredCall).timeMs);
      // Which of the runs that ended at one time are the most recent is the store's to say.
      const runs = await inRange(org, range);
      expect(sorted(found)).toEqual(sorted(model.calls(range, runs)));
      expect(runs.map(({ firstMs }) => firstMs)).toEqual(runs.map(({ firstMs }) => firstMs).toSorted((a, b) => a - b));
      model.requireRuns(range, runs);
      const agent = r.pick([undefined, r.pick(agents)]);
      const listed = await store.traces.list(org, agent, { page: 1, perPage: 100 });
      const expected = model.runs.filter((run) => agent === undefined || run.agent === agent);
      expect(listed.total).toBe(expected.length);
      expect(listed.items.map(({ lastMs }) => lastMs)).toEqual(
        expected
          .map(({ lastMs }) => lastMs)
          .toSorted((a, b) => b - a)
          .slice(0, 100),
      );
    }
  }
});

function sorted<T>(list: readonly T[]): string[] {
  return list.map((one) => JSON.stringify(one, Object.keys(one as object).toSorted())).toSorted();
}

function randomTrace(r: Random, agents: readonly string[], span: number): IngestedTrace {
  const start = r.below(span);
  const length = r.pick([1, 10, span]);
  const calls = r.times(r.pick([0, 1, 3, 30]), () =>
    call({
      callId: r.chance(0.6) ? `c${r.below(500)}` : undefined,
      session: r.pick(["s", "t1", "t2"]),
      tool: r.pick(["bash", "read", "write"]),
      timeMs: r.chance(0.9) ? start + r.below(length) : undefined,
      subagent: r.chance(0.2),
    }),
  );
  return trace({ agent: r.pick(agents), traceId: `t${r.below(60)}`, calls, seenMs: r.chance(0.3) ? start : undefined });
}

/** The same said the plain way: lists, looked through. */
class Model {
  runs: { agent: string; traceId: string; firstMs: number; lastMs: number; kept: StoredCall[] }[] = [];
  private readonly known = new Set<string>();

  ingest(traces: readonly IngestedTrace[], atMs: number) {
    const alike = new Map<string, number>();
    const touched = new Set<string>();
    let [added, repeated] = [0, 0];
    for (const { agent, traceId, format, seenMs, calls } of traces) {
      touched.add(JSON.stringify([agent, traceId]));
      let run = this.runs.find((one) => one.agent === agent && one.traceId === traceId);
      const times = [seenMs, ...calls.map(({ timeMs }) => timeMs)].filter((time) => time !== undefined);
      if (run === undefined) {
        run = { agent, traceId, firstMs: Infinity, lastMs: -Infinity, kept: [] };
        this.runs.push(run);
      }
      for (const one of calls) {
        const look = JSON.stringify([agent, traceId, one.session, one.tool, one.timeMs ?? null, one.subagent]);
        const place = alike.get(look) ?? 0;
        if (one.callId === undefined) alike.set(look, place + 1);
        const id = one.callId === undefined ? `${look} ${place}` : JSON.stringify([agent, one.session, one.tool, one.callId]);
        if (this.known.has(id)) repeated++;
        else {
          this.known.add(id);
          added++;
          const timeMs = one.timeMs ?? atMs;
          times.push(timeMs);
          run.kept.push({ ...one, agent, traceId, format, timeMs, dated: one.timeMs !== undefined });
        }
      }
      run.firstMs = Math.min(run.firstMs, ...times);
      run.lastMs = Math.max(run.lastMs, ...times);
    }
    for (const run of this.runs) if (run.lastMs === -Infinity) run.firstMs = run.lastMs = atMs;
    return { traces: touched.size, calls: added, repeatedCalls: repeated };
  }

  calls({ sinceMs = -Infinity, untilMs = Infinity }: CallRange, runs: readonly StoredTrace[]): StoredCall[] {
    const wanted = new Set(runs.map(({ agent, traceId }) => JSON.stringify([agent, traceId])));
    return this.runs
      .filter(({ agent, traceId }) => wanted.has(JSON.stringify([agent, traceId])))
      .flatMap(({ kept }) => kept)
      .filter(({ timeMs }) => timeMs >= sinceMs && timeMs < untilMs);
  }

  requireRuns(
    { agents, sinceMs = -Infinity, untilMs = Infinity, traces = Infinity }: CallRange,
    found: readonly StoredTrace[],
  ): void {
    const wanted = this.runs
      .filter(({ agent }) => agents === undefined || agents.includes(agent))
      .filter(({ firstMs, lastMs }) => lastMs >= sinceMs && firstMs < untilMs);
    const latest = wanted.toSorted((a, b) => b.lastMs - a.lastMs).slice(0, traces);
    expect(found.map(({ lastMs }) => lastMs).toSorted()).toEqual(latest.map(({ lastMs }) => lastMs).toSorted());
    for (const { agent, traceId, firstMs, lastMs, calls } of found) {
      const run = wanted.find((one) => one.agent === agent && one.traceId === traceId);
      expect({ firstMs, lastMs, calls }).toEqual({ firstMs: run?.firstMs, lastMs: run?.lastMs, calls: run?.kept.length });
    }
  }

  prune(beforeMs: number): number {
    const [all, gone] = [this.runs, this.runs.filter(({ lastMs }) => lastMs < beforeMs)];
    this.runs = all.filter(({ lastMs }) => lastMs >= beforeMs);
    return gone.length;
  }
}
