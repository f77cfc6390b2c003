import type { Random } from "./random.js";

/** A policy in the shape of the policy file, as data. */
export interface PolicyShape {
  meta: { schema_version: "1.0"; name: string; scope: "org" | "agent" };
  capability_mappings: Record<string, { tools: string[]; card_actions: string[] }>;
  forbidden: { pattern: string; reason: string; severity: string }[];
  escalation_triggers: { condition: string; action: string; reason: string }[];
  defaults: Record<string, unknown>;
}

export interface LayersShape {
  org?: PolicyShape;
  agent?: PolicyShape;
}

export interface GeneratedPolicy {
  readonly layers: LayersShape;
  /** Every glob text of both layers, conditions included. */
  readonly globs: readonly string[];
}

const servers = ["fs", "filesystem", "git", "browser", "slack", "db", "pay", "admin", "github_enterprise"];
const verbs = ["read", "write", "delete", "list", "get", "search", "run", "query", "send", "file", "rows"];
const builtins = ["Bash", "Read", "Write", "WebFetch", "Task", "TodoWrite"];
const separators = ["__", "_", ".", "/", "-", ":", ""];
/** Few letters, so that matches are frequent; neighbours in UTF-8; characters that mean something elsewhere. */
const rawPoints = ["a", "b", "ab", "A", "_", "\u00e9", "\u00e8", "\u0439", "\u65e5", "\u672c", "\u{1f600}", "\u{1f601}", "\n", "\0", "[", "\\", "'", '"', " ", "."]; // biome-ignore format: one list
export const actions = ["read", "write", "send", "fetch", "delete", "pay"];
const severities = ["low", "medium", "high", "critical"];

function structuredGlob(random: Random): string {
  const word = () => {
    const verb = random.pick(verbs);
    if (random.chance(0.15)) return `${verb}*`;
    if (random.chance(0.1)) return `*${verb}`;
    if (random.chance(0.1)) return verb.replace(/.$/, "?");
    return verb;
  };
  switch (random.below(8)) {
    case 0:
      return `mcp__${random.pick(servers)}__*`;
    case 1:
      return `mcp__*__${word()}`;
    case 2:
      return `*${random.pick(separators)}${word()}`;
    case 3:
      return `*${random.pick(verbs)}*`;
    case 4:
      return random.pick(builtins) + random.pick(["", "*", "?"]);
    case 5:
      return `mcp__${random.pick(servers)}__${random.pick(verbs)}_${random.pick(verbs)}`;
    case 6:
      return `mcp__${random.pick(servers)}__${word()}${random.pick(separators)}${word()}`;
    default:
      return `${random.pick(["mcp__", "m*", "?cp__", "*"])}${random.pick(servers)}${random.pick(["*", "__*", "_?*", "**"])}${random.chance(0.3) ? random.pick(verbs) : ""}`;
  }
}

function rawGlob(random: Random): string {
  const parts = random.times(random.between(1, 7), () => {
    const roll = random.next();
    return roll < 0.28 ? "*" : roll < 0.42 ? "?" : random.pick(rawPoints);
  });
  return parts.join("");
}

export function randomGlob(random: Random): string {
  return random.chance(0.55) ? structuredGlob(random) : rawGlob(random);
}

function quoted(glob: string): string | undefined {
  if (!glob.includes("'")) return `'${glob}'`;
  return glob.includes('"') ? undefined : `"${glob}"`;
}

function randomCondition(random: Random, glob: () => string, counts: boolean): string {
  const atom = (): string => {
    if (counts && random.chance(0.35)) {
      const count = random.pick(["tool_count", "unmapped_tool_count", "violation_count"]);
      return `${count} ${random.pick([">", ">=", "<", "<=", "==", "!="])} ${random.between(-1, 6)}`;
    }
    let text: string | undefined;
    while (text === undefined) text = quoted(glob());
    return `tool_matches(${text})`;
  };
  switch (random.below(6)) {
    case 0:
      return `${atom()} and ${atom()}`;
    case 1:
      return `${atom()} or ${atom()}`;
    case 2:
      return `(${atom()} or ${atom()}) and ${atom()}`;
    default:
      return atom();
  }
}

function randomDefaults(random: Random): Record<string, unknown> {
  const defaults: Record<string, unknown> = {
    unmapped_tool_action: random.pick(["allow", "warn", "deny"]),
    unmapped_severity: random.pick(severities),
    fail_open: random.chance(0.5),
  };
  if (random.chance(0.6)) defaults["enforcement_mode"] = random.pick(["off", "warn", "enforce"]);
  if (random.chance(0.6)) defaults["grace_period_hours"] = random.pick([0, 0.5, 1, 24, 48]);
  if (random.chance(0.5)) defaults["fail_on"] = random.pick(severities);
  return defaults;
}

export interface GenerateOptions {
  readonly globs: number;
  /** Whether conditions may hold counts. */
  readonly counts: boolean;
}

function randomLayer(random: Random, scope: "org" | "agent", options: GenerateOptions, globs: string[]): PolicyShape {
  const glob = () => {
    const text = globs.length > 0 && random.chance(0.12) ? random.pick(globs) : randomGlob(random);
    globs.push(text);
    return text;
  };
  const shape: PolicyShape = {
    meta: { schema_version: "1.0", name: `${scope} policy`, scope },
    capability_mappings: {},
    forbidden: [],
    escalation_triggers: [],
    defaults: randomDefaults(random),
  };
  const end = globs.length + options.globs;
  while (globs.length < end) {
    const roll = random.next();
    if (roll < 0.45) {
      const reason = random.pick(["not here", "never", "ask first"]);
      shape.forbidden.push({ pattern: glob(), reason, severity: random.pick(severities) });
    } else if (roll < 0.85) {
      // Names of few letters meet in both layers; some look like numbers and are ordered all the same.
      const tools = random.times(random.between(1, 4), glob);
      const name = `c${random.below(12)}`;
      shape.capability_mappings[name] ??= {
        tools: [],
        card_actions: random.times(random.between(1, 3), () => random.pick(actions)),
      };
      shape.capability_mappings[name].tools.push(...tools);
    } else {
      const condition = randomCondition(random, glob, options.counts);
      shape.escalation_triggers.push({ condition, action: random.pick(["warn", "escalate", "deny"]), reason: "because" });
    }
  }
  return shape;
}

/** A policy of one or two layers with about so many globs. */
export function randomPolicy(random: Random, options: GenerateOptions): GeneratedPolicy {
  const globs: string[] = [];
  const layers: LayersShape = {};
  const shares = random.pick(["org", "agent", "both", "both"]);
  const each = shares === "both" ? Math.max(1, options.globs >> 1) : options.globs;
  if (shares !== "agent") layers.org = randomLayer(random, "org", { ...options, globs: each }, globs);
  if (shares !== "org") layers.agent = randomLayer(random, "agent", { ...options, globs: each }, globs);
  return { layers, globs };
}

/** A name that the glob matches. */
export function instantiate(random: Random, glob: string): string {
  let name = "";
  for (const symbol of glob) {
    if (symbol === "*") name += random.chance(0.3) ? "" : random.pick([...verbs, ...separators, ...rawPoints, "x", "__x__"]);
    else if (symbol === "?") name += random.pick(["a", "b", "1", "\u00e9", "\u{1f600}", "\n", "_"]);
    else name += symbol;
  }
  return name;
}

/** One small step away: what a rule must not match by accident, or must go on matching. */
export function mutate(random: Random, name: string): string {
  const points = Array.from(name);
  const at = random.below(points.length + 1);
  switch (random.below(9)) {
    case 0:
      points[at] = random.pick(rawPoints);
      return points.join("");
    case 1:
      return points.toSpliced(at, 0, random.pick(rawPoints)).join("");
    case 2:
      return points.toSpliced(at, 1).join("");
    case 3:
      return random.chance(0.5) ? name.toUpperCase() : name.toLowerCase();
    case 4:
      return name.replace(random.pick(separators), random.pick(separators));
    case 5:
      return points.slice(0, at).join("");
    case 6:
      return points.slice(at).join("");
    case 7:
      return name + random.pick(["x", "*", "?", " ", "\n", "__", "\u0301"]);
    default:
      // Not well-formed: half a pair, or a pair cut by its neighbour, or the sign of an earlier decoding error.
      return points.toSpliced(at, 0, random.pick(["\ud83d", "\ude00", "\ufffd", "\ude00\ud83d"])).join("");
  }
}

/** Names built from the policy's own globs: a third match, a third nearly, the rest is noise. */
export function randomName(random: Random, globs: readonly string[]): string {
  const roll = random.next();
  if (roll < 0.06) return random.pick(["", "*", "?", "mcp__", "\ufffd", "\ud800", "a".repeat(300)]);
  if (roll < 0.14) return instantiate(random, randomGlob(random));
  const name = instantiate(random, random.pick(globs));
  if (roll < 0.5) return name;
  return roll < 0.9 ? mutate(random, name) : mutate(random, mutate(random, name));
}
