import { expect, it } from "vitest";
import { otlp } from "../../../src/trace/formats/otlp.js";
import { agent, chat, request, span, tool } from "../../support/otel.js";
import { Random } from "../../support/random.js";
import { scaled } from "../../support/scale.js";
import { readWith } from "../../support/trace-sink.js";
import { lines } from "../../support/traces.js";

/** A span of a random tree: `parent` is the index of another one, or of none that is there. */
interface Plan {
  readonly kind: "tool" | "agent" | "chat" | "other";
  readonly name: string;
  readonly callId: string | undefined;
  readonly parent: number | undefined;
}

function planOf(random: Random, index: number): Plan {
  const kind = (["tool", "tool", "tool", "agent", "chat", "other", "other"] as const)[random.below(7)]!;
  const parent = random.chance(0.15) ? undefined : random.chance(0.05) ? 1000 : random.below(index + 1) - 1;
  const callId = random.chance(0.5) ? undefined : `c${random.below(3)}`;
  return { kind, name: `t${random.below(2)}`, callId, parent: parent === -1 ? undefined : parent };
}

/** The rule in its own words, looked up from the leaf for each span anew. */
function isOwnCall(plans: readonly Plan[], plan: Plan): boolean {
  let at = plan.parent === undefined ? undefined : plans[plan.parent];
  while (at !== undefined && at.kind !== "agent" && at.kind !== "chat") {
    const idsDiffer = at.callId !== undefined && plan.callId !== undefined && at.callId !== plan.callId;
    if (at.kind === "tool" && at.name === plan.name && !idsDiffer) return false;
    at = at.parent === undefined ? undefined : plans[at.parent];
  }
  return true;
}

function written(plan: Plan, index: number): object {
  const parts = { id: `s${index}`, ...(plan.parent === undefined ? {} : { parent: `s${plan.parent}` }) };
  if (plan.kind === "agent") return agent("a", parts);
  if (plan.kind === "chat") return chat(parts);
  if (plan.kind === "other") return span({}, parts);
  return tool(plan.name, parts, plan.callId === undefined ? {} : { "gen_ai.tool.call.id": plan.callId });
}

it("random trees, in any order and cut into any requests, give the calls that the rule gives", () => {
  for (let seed = 0; seed < scaled(400); seed++) {
    const random = new Random(seed);
    const plans: Plan[] = [];
    for (let i = 0; i < 3 + random.below(25); i++) plans.push(planOf(random, i));
    const expected = plans.filter((plan) => plan.kind === "tool" && isOwnCall(plans, plan)).map((plan) => plan.name);
    const spans = plans.map(written);
    for (let i = spans.length - 1; i > 0; i--) {
      const j = random.below(i + 1);
      [spans[i], spans[j]] = [spans[j]!, spans[i]!];
    }
    const requests: object[] = [];
    for (let from = 0; from < spans.length; ) {
      const to = from + 1 + random.below(5);
      requests.push(request(spans.slice(from, to)));
      from = to;
    }
    const found = readWith(otlp, lines(...requests)).calls.map((call) => call.tool);
    expect([seed, found.sort()]).toEqual([seed, expected.sort()]);
  }
});
