import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Policy } from "../src/policy/model.js";
import { referenceEvaluate } from "../src/reference/evaluate.js";
import { orderedJson } from "../src/report/json/ordered.js";
import { openStore } from "../src/store/open.js";
import { parseCard } from "../src/syntax/card.js";
import { parsePolicy } from "../src/syntax/policy.js";
import { smoltbot } from "./support/command.js";
import { type PolicyShape, randomGlob, randomName, randomPolicy } from "./support/generate.js";
import { Random } from "./support/random.js";
import { comparable, type Question, RegistryModel } from "./support/registry-model.js";
import { scaled } from "./support/scale.js";
import { defaultSeed } from "./support/seed.js";
import { madeKey, type Served, serve } from "./support/served.js";
import { type Place, storeKinds } from "./support/stores.js";

/**
 * A registry behind HTTP and the executable specification, side by side: policies, cards, transactions and traces come and go at
 * random, and every answer has to be the specification's. SMOLTBOT_SEED repeats a run.
 */
const seed = Number(process.env.SMOLTBOT_SEED ?? defaultSeed);
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const agents = ["a", "b"];
const capabilityNames = ["__proto__", "0", "constructor", "c3", "a b"];
const contexts = [undefined, "cicd", "gateway", "gateway", "gateway", "runtime", "observer", "audit"] as const;
const cardActions = ["read", "write", "send", "fetch", "delete", "pay"];

/** A policy as text, with names that are none of a plain object's. */
function textOf(shape: PolicyShape): string {
  const capabilities = Object.entries(shape.capability_mappings).map(
    ([name, mapping]) => [capabilityNames[Number(name.slice(1))] ?? name, mapping] as const,
  );
  return `${orderedJson({ ...shape, capability_mappings: new Map(capabilities) })}\n`;
}

class Run {
  readonly model: RegistryModel;
  readonly globs: string[] = [];
  /** By verdict, so that a run that compares nothing is seen. */
  readonly judged = { pass: 0, warn: 0, fail: 0, whole: 0, historical: 0, command: 0, denied: 0 };

  constructor(
    private readonly served: Served,
    private readonly url: string,
    private readonly random: Random,
    readonly org: string,
    private readonly authorization: string,
    private readonly clock: { nowMs: number },
  ) {
    this.model = new RegistryModel(org, clock.nowMs);
  }

  async ask(method: string, path: string, body?: string, headers: Record<string, string> = {}) {
    const response = await fetch(`${this.url}/v1${path}`, {
      method,
      headers: {
        authorization: this.authorization,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, json: text === "" ? undefined : JSON.parse(text), text };
  }

  name(): string {
    return this.globs.length === 0 ? this.random.pick(["x", "__proto__"]) : randomName(this.random, this.globs);
  }

  tools(): string[] {
    const tools = this.random.times(this.random.below(9), () => this.name());
    if (this.random.chance(0.3)) tools.push("__proto__", "a\0b", "\udc00");
    if (this.random.chance(0.4)) tools.push(...tools.slice(0, 3));
    return tools;
  }

  policy(scope: "org" | "agent"): { text: string; value: Policy } {
    for (;;) {
      const { layers, globs } = randomPolicy(this.random, { globs: this.random.between(1, 14), counts: this.random.chance(0.5) });
      const shape = layers[scope];
      if (shape === undefined) continue;
      const text = textOf(shape);
      const { value } = parsePolicy(text, { file: "policy.yaml" });
      if (value === undefined) continue;
      this.globs.push(...globs);
      return { text, value };
    }
  }

  async publish(agent: string | undefined): Promise<void> {
    const path = agent === undefined ? `/orgs/${this.org}/policy` : `/agents/${agent}/policy`;
    if (this.random.chance(0.12) && this.model.policies.has(agent)) {
      expect((await this.ask("DELETE", path)).status).toBe(204);
      this.model.policies.delete(agent);
      return;
    }
    const { text } = this.policy(agent === undefined ? "org" : "agent");
    const { status, json } = await this.ask("PUT", `${path}?confirm_broad=true`, text);
    expect(status, JSON.stringify(json)).toBe(200);
    this.model.policies.set(agent, { text, version: json.version });
  }

  async putCard(agent: string): Promise<void> {
    const some = (most: number) => this.random.times(this.random.below(most + 1), () => this.random.pick(cardActions));
    const card = { card_id: "c", agent_id: agent, autonomy_envelope: { bounded_actions: some(6), forbidden_actions: some(1) } };
    const text = JSON.stringify(card);
    const { status, json } = await this.ask("PUT", `/agents/${agent}/card`, text);
    expect(status, JSON.stringify(json)).toBe(200);
    const { value } = parseCard(text, { file: "card.json" });
    if (value !== undefined) this.model.cards.set(agent, value);
  }

  async createTransaction(agent: string): Promise<void> {
    const { random, model } = this;
    const globs = () =>
      random.times(random.between(1, 4), () =>
        random.chance(0.5) ? "*" : this.globs.length > 0 ? random.pick(this.globs) : randomGlob(random),
      );
    const tools = random.chance(0.5) ? globs() : undefined;
    const allowed = random.chance(0.4) ? random.times(random.between(1, 4), () => random.pick(capabilityNames)) : undefined;
    const policy = random.chance(0.3) ? this.policy(random.pick(["org", "agent"])) : undefined;
    const session = random.chance(0.3) ? random.pick(["s1", "s2"]) : undefined;
    const hours = random.pick([0.5, 1, 24]);
    const body = JSON.stringify({
      ...{ agent_id: agent, description: "d", action_type: "t", tools, allowed_capabilities: allowed, session_id: session },
      duration_hours: hours,
    });
    const { status, json } = await this.ask("POST", "/transactions", policy === undefined ? body : withPolicy(body, policy.text));
    const { org, agent: own } = model.layers(agent);
    if (org === undefined && own === undefined) return expect(status).toBe(404);
    expect(status, JSON.stringify(json)).toBe(201);
    const guardrail = {
      id: json.transaction_id,
      expiresAtMs: model.nowMs + hours * hourMs,
      ...(tools && { tools }),
      ...(allowed && { allowedCapabilities: allowed }),
    };
    model.transactions.set(json.transaction_id, {
      id: json.transaction_id,
      agent,
      guardrail,
      policy: policy?.value,
      session,
      ended: false,
    });
  }

  async endTransaction(): Promise<void> {
    const all = [...this.model.transactions.values()];
    if (all.length === 0) return;
    const one = this.random.pick(all);
    expect((await this.ask("DELETE", `/transactions/${one.id}`)).status).toBe(204);
    this.model.transactions.set(one.id, {
      ...one,
      ended: true,
      guardrail: { ...one.guardrail, expiresAtMs: Number.NEGATIVE_INFINITY },
    });
  }

  async ingest(agent: string): Promise<void> {
    const { random, model } = this;
    const lines: string[] = [];
    const startMs = model.nowMs - random.between(1, 20) * dayMs;
    for (let session = random.between(1, 3); session > 0; session--) {
      const id = `run-${model.calls.length}`;
      for (let i = random.between(1, 8); i > 0; i--) {
        const timeMs = startMs + model.calls.length * 1000 * random.between(1, 3600) + model.calls.length;
        if (timeMs > model.nowMs) continue;
        const tool = this.name();
        model.calls.push({ agent, session: id, tool, timeMs });
        model.see(agent, tool, timeMs);
        lines.push(
          JSON.stringify({
            tool,
            timestamp: new Date(timeMs).toISOString(),
            session_id: id,
            agent_id: agent,
            call_id: `${model.calls.length}`,
          }),
        );
      }
    }
    if (lines.length === 0) return;
    const caller = this.served.service.as({ org: this.org, actor: "test" });
    const answer = await caller.ingest(new TextEncoder().encode(`${lines.join("\n")}\n`), { name: "runs" });
    expect(answer).toMatchObject({ calls: lines.length, skipped_records: 0 });
  }

  async evaluate(): Promise<void> {
    const { random, model } = this;
    const inline = random.chance(0.15) ? this.policy(random.pick(["org", "agent", "agent"])) : undefined;
    const agent = inline !== undefined && random.chance(0.4) ? undefined : random.pick(agents);
    const ids = [...model.transactions.keys(), "txn-unknown", "__proto__"];
    const transaction = random.chance(0.3) ? random.pick(ids) : undefined;
    const session = random.chance(0.5) ? random.pick(["s1", "s2", "__proto__", `s${model.nowMs}`]) : undefined;
    const question: Question = {
      agent,
      tools: this.tools(),
      context: random.pick(contexts),
      session,
      transaction,
      inline: inline?.value,
    };
    const inHeader = transaction !== undefined && random.chance(0.5);
    const { tools, context } = question;
    const fields = { agent_id: agent, tools, context, session_id: session, transaction_id: inHeader ? undefined : transaction };
    const asText = random.chance(0.5);
    const body =
      inline === undefined || asText
        ? JSON.stringify({ ...fields, policy: inline?.text })
        : withPolicy(JSON.stringify(fields), inline.text);
    const headers: Record<string, string> = inHeader ? { "x-transaction-id": transaction } : {};
    const { status, json, text, headers: told } = await this.ask("POST", "/policies/evaluate", body, headers);
    const layers = model.layers(agent, inline?.value);
    if (layers.org === undefined && layers.agent === undefined) return expect([status, json.error]).toEqual([404, "not_found"]);
    expect(status, text).toBe(200);
    const note = `seed ${seed}, ${JSON.stringify(fields)}\n${text}`;
    const expected = model.evaluate(question);
    const brief = json.tools.map(({ tool, calls, verdict, decision }: Record<string, unknown>) => ({
      tool,
      calls,
      verdict,
      decision,
    }));
    expect([json.verdict, json.decision, brief], note).toEqual([expected.verdict, expected.decision, expected.tools]);
    if (expected.whole !== undefined) {
      expect(comparable(json), note).toEqual(expected.whole);
      this.judged.whole++;
    }
    const effective = { allow: "pass", warn: "warn", escalate: "warn", deny: "fail" }[expected.decision];
    expect(told.get("x-policy-verdict"), note).toBe(effective);
    if (json.mode === "off" && expected.decision === "deny") this.judged.denied++;
    const version = inline !== undefined ? null : ((model.policies.get(agent) ?? model.policies.get(undefined))?.version ?? null);
    expect([json.policy_version, json.policy.version, json.policy.id], note).toEqual([version, version, json.policy_id]);
    expect(json.policy_id === null, note).toBe(inline !== undefined);
    expect(json.transaction_id, note).toBe(transaction);
    expect(json.evaluated_at).toBe(new Date(model.nowMs).toISOString());
    this.judged[expected.verdict as "pass"]++;
  }

  async explain(): Promise<void> {
    const agent = this.random.pick(agents);
    const tools = [...new Set(this.tools())];
    const { status, json, text } = await this.ask("POST", "/policies/explain", JSON.stringify({ agent_id: agent, tools }));
    const { model } = this;
    const layers = model.layers(agent);
    if (layers.org === undefined && layers.agent === undefined) return expect(status).toBe(404);
    expect(status, text).toBe(200);
    const card = model.cards.get(agent);
    for (const [i, tool] of tools.entries()) {
      const [said] = referenceEvaluate(layers, [tool], { kind: "cicd", nowMs: model.nowMs, ...(card && { card }) }).tools;
      const { verdict, decision, cause, rule } = json.tools[i];
      expect([json.tools[i].tool, verdict, decision, cause], text).toEqual([tool, said?.verdict, said?.action, said?.cause]);
      expect(rule && [rule.kind, rule.layer, rule.index]).toEqual(
        said?.rule && [said.rule.kind, said.rule.layer, said.rule.index],
      );
    }
  }

  async historical(): Promise<void> {
    const { random, model } = this;
    const agent = random.pick(agents);
    const inline = random.chance(0.3) ? this.policy("agent") : undefined;
    const context = random.pick(contexts);
    const sinceMs = model.nowMs - random.pick([5, 20, 29, 29]) * dayMs;
    const untilMs = random.chance(0.7) ? model.nowMs + 1 : sinceMs + random.between(1, 20 * 24) * hourMs;
    const time = (ms: number) => new Date(ms).toISOString();
    const body = { agent_id: agent, time_range: { start: time(sinceMs), end: time(untilMs) }, context, policy: inline?.text };
    const { status, json, text } = await this.ask("POST", "/policies/evaluate/historical", JSON.stringify(body));
    const layers = model.layers(agent, inline?.value);
    if (layers.org === undefined && layers.agent === undefined) return expect(status).toBe(404);
    const untold = untilMs - sinceMs > 30 * dayMs;
    expect(status, text).toBe(untold ? 422 : 200);
    if (untold) return;
    const said = model.historical({ agent, inline: inline?.value, context, sinceMs, untilMs });
    const note = `seed ${seed}, ${JSON.stringify(body)}`;
    expect([json.traces_evaluated, json.calls_evaluated, json.summary], note).toEqual([said.traces, said.calls, said.summary]);
    expect([json.violation_count, json.violations.length], note).toEqual([said.violations, said.violations]);
    const verdict = said.summary.fail > 0 ? "fail" : said.summary.warn > 0 ? "warn" : "pass";
    expect(json.verdict, note).toBe(verdict);
    if (said.calls > 0) this.judged.historical++;
  }

  async resolved(): Promise<void> {
    const { model } = this;
    const agent = this.random.pick(agents);
    const { status, json, text } = await this.ask("GET", `/agents/${agent}/policy/resolved`);
    const { org, agent: own } = model.layers(agent);
    const layers = [org, own].filter((layer) => layer !== undefined);
    if (layers.length === 0) return expect(status).toBe(404);
    expect(status, text).toBe(200);
    const [orgVersion, agentVersion] = [undefined, agent].map((owner) => model.policies.get(owner)?.version ?? null);
    expect(json.sources).toEqual({
      org_policy_version: orgVersion,
      agent_policy_version: agentVersion,
      merge_strategy: "org_floor",
    });
    expect(json.resolved_policy.version).toBe(agentVersion ?? orgVersion);
    expect(json.resolved_policy.meta.scope).toBe("resolved");
    const rules = layers.flatMap((layer) =>
      layer.forbidden.map(({ pattern, reason, severity }) => ({ pattern: pattern.glob.source, reason, severity })),
    );
    const once =
      layers.length === 1
        ? rules
        : rules.filter((rule, i) => rules.findIndex((other) => JSON.stringify(other) === JSON.stringify(rule)) === i);
    const sorted = (list: readonly unknown[]) => list.map((each) => JSON.stringify(each)).sort();
    expect(sorted(json.resolved_policy.forbidden), text).toEqual(sorted(once));
    const triggers = layers.flatMap((layer) =>
      layer.triggers.map(({ condition, action, reason }) => ({ condition: condition.text, action, reason })),
    );
    expect(sorted(json.resolved_policy.escalation_triggers), text).toEqual(sorted(triggers));
    const capabilities = layers.flatMap((layer) => layer.capabilities);
    const mappings = json.resolved_policy.capability_mappings;
    expect(Object.keys(mappings).sort()).toEqual([...new Set(capabilities.map(({ name }) => name))].sort());
    for (const [name, { tools, card_actions }] of Object.entries(mappings) as [
      string,
      { tools: string[]; card_actions: string[] },
    ][]) {
      const alike = capabilities.filter((each) => each.name === name);
      expect(new Set(tools)).toEqual(new Set(alike.flatMap((each) => each.tools.map(({ glob }) => glob.source))));
      expect(new Set(card_actions)).toEqual(new Set(alike.flatMap((each) => each.cardActions.map(({ value }) => value))));
    }
  }

  /** The command asks the same server, judges by itself, and by the clock of this machine. */
  async command(): Promise<void> {
    const { model } = this;
    const agent = this.random.pick(agents);
    const tools = this.tools();
    const context = this.random.pick(contexts) ?? "cicd";
    const layers = model.layers(agent);
    const isThere = layers.org !== undefined || layers.agent !== undefined;
    const folder = mkdtempSync(join(tmpdir(), "smoltbot-differential-"));
    const env = { SMOLTBOT_URL: this.url, SMOLTBOT_API_KEY: this.authorization.slice("Bearer ".length), SMOLTBOT_AGENT: agent };
    const type = async (...args: string[]) => smoltbot([...args, "--format", "json"], { cwd: folder, env });
    try {
      writeFileSync(join(folder, "tools.json"), JSON.stringify(tools));
      const ran = await type("policy", "evaluate", "--tool-manifest", "tools.json", "--context", context);
      if (!isThere) return expect([ran.status, ran.stderr]).toEqual([1, expect.stringContaining("registry_not_found")]);
      const json = JSON.parse(ran.stdout);
      const question = { agent, tools, context: asTest(context), session: undefined, transaction: undefined, inline: undefined };
      const { whole } = model.evaluate(question, Date.parse(json.evaluated_at));
      expect(withoutPlaces(comparable({ ...json, context: "" }))).toEqual(withoutPlaces({ ...(whole as object), context: "" }));
      this.judged.command++;
      const runs = model.calls.filter((call) => call.agent === agent);
      if (runs.length === 0) return;
      const tested = await type("policy", "test", "--report-only", "--limit", "1000");
      const said = model.historical({ agent, inline: undefined, context: "cicd", sinceMs: 0, untilMs: Number.POSITIVE_INFINITY });
      const { summary } = JSON.parse(tested.stdout);
      const { pass, warn, fail, skipped, calls } = summary;
      expect({ pass, warn, fail, skipped, calls }, tested.stdout).toEqual({ ...said.summary, calls: said.calls });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  async step(): Promise<void> {
    const { random, model } = this;
    // Backwards now and then: T2 has to hold all the same.
    model.nowMs += random.chance(0.05) ? -random.below(2 * hourMs) : random.pick([0, 1, 1000, random.below(20 * hourMs)]);
    this.clock.nowMs = model.nowMs;
    const roll = random.next();
    if (roll < 0.1) await this.publish(random.pick([undefined, ...agents]));
    else if (roll < 0.14) await this.putCard(random.pick(agents));
    else if (roll < 0.2) await this.createTransaction(random.pick(agents));
    else if (roll < 0.22) await this.endTransaction();
    else if (roll < 0.26) await this.ingest(random.pick(agents));
    else if (roll < 0.3) await this.explain();
    else if (roll < 0.35) await this.historical();
    else if (roll < 0.39) await this.resolved();
    else if (roll < 0.42) await this.command();
    else await this.evaluate();
  }
}

/** A command records nothing, whatever its context says. */
function asTest(context: NonNullable<Question["context"]>): "cicd" | "observer" {
  return context === "observer" || context === "audit" ? "observer" : "cicd";
}

/** Places name the version of a stored policy there, and its owner here. */
function withoutPlaces(evaluation: unknown): unknown {
  return JSON.parse(JSON.stringify(evaluation).replaceAll(/(\\?"file\\?":\\?")[^"\\]*/g, "$1"));
}

/** The policy as a document of the body, as it is written: its names keep their order. */
function withPolicy(body: string, policy: string): string {
  return `${body.slice(0, -1)},"policy":${policy}}`;
}

describe.each(storeKinds)("what the registry answers on $name", ({ name: kind, place: placeOf }) => {
  const clock = { nowMs: Date.UTC(2026, 0, 15, 12) };
  let place: Place;
  let served: Served;
  let url = "";
  beforeAll(async () => {
    place = await placeOf();
    served = await serve({ store: await openStore(place.where, { poolSize: 3 }), clock: () => clock.nowMs });
    const { port } = await served.server.listen();
    url = `http://127.0.0.1:${port}`;
  });
  afterAll(async () => {
    await served?.close();
    await place?.remove();
  });

  test("is what the specification says, whatever came before", { timeout: 600_000 }, async () => {
    const sums = { pass: 0, warn: 0, fail: 0, whole: 0, historical: 0, command: 0, denied: 0 };
    // With fewer not every verdict would be met often enough.
    const runs = kind === "sqlite" ? Math.max(6, scaled(10)) : Math.max(4, scaled(4));
    for (let i = 0; i < runs; i++) {
      const org = `org-${i}`;
      const { header } = await madeKey(served.store, { role: "admin", org });
      const run = new Run(served, url, new Random(seed + i), org, header, clock);
      for (const owner of [undefined, ...agents]) if (i % 4 !== 0) await run.publish(owner);
      for (let step = 0; step < 80; step++) await run.step();
      for (const each of Object.keys(sums) as (keyof typeof sums)[]) sums[each] += run.judged[each];
    }
    for (const verdict of ["pass", "warn", "fail"] as const) expect(sums[verdict]).toBeGreaterThan(runs);
    expect(sums.command).toBeGreaterThan(0);
    expect(sums.whole).toBeGreaterThan(runs * 10);
    expect(sums.historical + 1).toBeGreaterThan(runs / 2);
  });
});
