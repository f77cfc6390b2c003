import { random } from "./random.mjs";

/**
 * Policies and tool names as people have them. Everything is made from a seed: two runs on two machines measure the same
 * work, as long as the recorded names are there on both or on neither.
 */
const verbs =
  "get list create update delete search read write send fetch run query add remove set move copy export import open close start stop sync merge".split(
    " ",
  );
const nouns =
  "file files issue issues user users message messages page pages table tables record records project projects event events branch commit document documents task tasks payment order orders customer customers repo image video note label".split(
    " ",
  );
const inventedServers =
  "github gitlab slack notion jira linear postgres sqlite redis stripe sentry figma drive gmail calendar browser filesystem memory search maps weather docker kubernetes aws azure".split(
    " ",
  );

/** Shares of a realistic policy, in percent. */
export const mix = { literal: 45, server: 27, verb: 12, suffix: 4, contains: 5, stars: 5, question: 2 };

/** The globs a peer may lack: `reads` of a peer says which kinds it gives the same meaning. */
export function kindOf(glob) {
  const stars = glob.split("*").length - 1;
  if (glob.includes("?")) return "question";
  if (stars === 0) return "literal";
  if (stars === 1 && glob.endsWith("*")) return "prefix";
  return stars === 1 && glob.startsWith("*") ? "suffix" : "stars";
}

function serversOf(recorded) {
  if (recorded === undefined) return inventedServers;
  const servers = recorded.filter((name) => name.startsWith("mcp__")).map((name) => name.split("__")[1]);
  return servers.length === 0 ? inventedServers : [...new Set(servers)];
}

/** `count` distinct names: a fifth recorded as they are, the rest of recorded servers with other verbs and nouns. */
export function toolNames(count, seed, recorded) {
  const r = random(seed);
  const servers = serversOf(recorded);
  const names = new Set();
  const invent = () => {
    const server = `${r.pick(servers)}${r.chance(0.5) ? "" : `-${r.below(50)}`}`;
    const second = r.chance(0.4) ? `_${r.pick(nouns)}` : "";
    return `mcp__${server}__${r.pick(verbs)}_${r.pick(nouns)}${second}${r.chance(0.3) ? r.below(100) : ""}`;
  };
  while (names.size < count) {
    const name = recorded !== undefined && r.chance(0.2) ? r.pick(recorded) : invent();
    if (!names.has(name)) names.add(name);
    else if (r.chance(0.5)) names.add(name + r.below(1_000_000));
  }
  return [...names];
}

function globOfKind(kind, name, r) {
  const [, server, ...rest] = name.split("__");
  const tool = rest.length === 0 ? name : rest.join("__");
  const number = (p) => (r.chance(p) ? r.below(1000) : "");
  switch (kind) {
    case "literal":
      return name;
    case "server":
      return `mcp__${server}__*`;
    case "verb":
      return `mcp__${server}__${tool.split("_")[0]}_*`;
    case "suffix":
      return `*_${r.pick(nouns)}${number(0.7)}`;
    case "contains":
      return `*${r.pick(verbs)}_${r.pick(nouns)}${number(0.7)}*`;
    case "stars":
      return `mcp__*__${r.pick(verbs)}*${r.pick(nouns)}${number(0.5)}*`;
    default:
      return `${name.slice(0, -1)}?`;
  }
}

/** A name that fits the glob, its wildcards filled with words. */
function nameFitting(glob, r) {
  let name = "";
  for (const character of glob) {
    if (character === "*") name += r.chance(0.2) ? "" : `${r.pick(verbs)}_${r.pick(nouns)}${r.below(1000)}`;
    else name += character === "?" ? r.pick("abcdefghij0123456789") : character;
  }
  return name;
}

/** Distinct names for a policy: every fourth fits one of its globs with wildcards, the rest are as `toolNames` makes them. */
export function namesFor(globs, count, seed, recorded) {
  const r = random(seed + 1);
  const wild = globs.filter((glob) => kindOf(glob) !== "literal");
  const names = toolNames(count, seed, recorded);
  const seen = new Set(names);
  for (let i = 0; i < count && wild.length > 0; i += 4) {
    const name = nameFitting(r.pick(wild), r);
    if (seen.has(name)) continue;
    seen.add(name);
    names[i] = name;
  }
  return names;
}

/** As many of each kind as its share says, largest remainders first, in random order. */
function kindsFor(count, r) {
  const shares = Object.entries(mix).map(([kind, percent]) => ({ kind, exact: (count * percent) / 100 }));
  const kinds = shares.flatMap(({ kind, exact }) => new Array(Math.floor(exact)).fill(kind));
  shares.sort((a, b) => (b.exact % 1) - (a.exact % 1));
  for (let i = 0; kinds.length < count; i++) kinds.push(shares[i % shares.length].kind);
  return r.shuffle(kinds);
}

/** `count` distinct globs in the realistic mix. */
export function mixedGlobs(count, seed, recorded) {
  const r = random(seed);
  const names = toolNames(Math.max(200, count), seed + 7, recorded).filter((name) => name.startsWith("mcp__"));
  const globs = new Set();
  for (const kind of kindsFor(count, r)) {
    let glob = globOfKind(kind, r.pick(names), r);
    for (let attempt = 0; globs.has(glob); attempt++) {
      glob = globOfKind(kind, r.pick(names), r);
      // Servers and words run out: a number makes a new one, where the glob keeps its kind.
      if (attempt >= 4)
        glob = /__[^*]/.test(glob) ? glob.replace("__", `__${r.below(100_000)}`) : glob.replace(/_/, `_${r.below(100_000)}`);
    }
    globs.add(glob);
  }
  return [...globs];
}

const severities = ["critical", "high", "medium", "low"];
const toolsPerCapability = 5;

/**
 * Half of the globs forbidden, half in capabilities of five. Forbidden rules stand worst severity first: peers report the
 * first rule that matches, we report the worst, and in this order these are the same rule.
 */
export function policyOf(globs) {
  const forbidden = globs.filter((_, i) => i % 2 === 0);
  const mapped = globs.filter((_, i) => i % 2 === 1);
  const perSeverity = Math.ceil(forbidden.length / severities.length);
  const capabilities = [];
  for (let i = 0; i < mapped.length; i += toolsPerCapability) {
    capabilities.push({ name: `capability-${capabilities.length}`, tools: mapped.slice(i, i + toolsPerCapability) });
  }
  return {
    forbidden: forbidden.map((pattern, i) => ({ pattern, severity: severities[Math.floor(i / perSeverity)] })),
    capabilities,
  };
}

/** The policy as a policy file (JSON is YAML). */
export function policyText({ forbidden, capabilities }) {
  return JSON.stringify({
    meta: { schema_version: "1.0", name: "benchmark", scope: "agent" },
    capability_mappings: Object.fromEntries(
      capabilities.map(({ name, tools }) => [name, { description: name, tools, card_actions: ["act"] }]),
    ),
    forbidden: forbidden.map(({ pattern, severity }, i) => ({ pattern, reason: `rule ${i}`, severity })),
    escalation_triggers: [],
    defaults: {
      unmapped_tool_action: "warn",
      unmapped_severity: "low",
      fail_open: false,
      enforcement_mode: "warn",
      grace_period_hours: 24,
      // Upstream fails on high and critical only.
      fail_on: "high",
    },
  });
}

/** Names that repeat as calls do: a few tools make most of the calls (cubed uniform ranks). */
export function repeatedCalls(names, count, seed) {
  const r = random(seed);
  return Array.from({ length: count }, () => names[Math.floor(r.next() ** 3 * names.length)]);
}

/** New string objects with the same text, flat and not interned, as a JSON parser makes them. */
export function freshStrings(names) {
  return names.map((name) => Buffer.from(name, "utf8").toString("utf8"));
}
