import { closeSync, openSync, writeSync } from "node:fs";
import { random } from "./random.mjs";
import { toolNames } from "./workload.mjs";

/**
 * JSON lines of tool calls as agents' own logs look: keys in changing order, three ways of spacing, arguments that repeat the
 * keys one level down or as escaped JSON text, now and then a name written with escapes. Half of the sessions
 * name their agent. About 470 bytes a line.
 */

const blockBytes = 4 << 20;
/** An agent works with a few of all tools there are. */
const toolsOfSession = 24;

/** @param shape `{ bytes, tools, sessions, seed }`; writes the file and returns `{ lines, bytes }`. */
export function writeEventLines(path, { bytes, tools = 1000, sessions = 20_000, seed = 1 }) {
  const next = eventLines({ tools, sessions, seed });
  const file = openSync(path, "w");
  let written = 0;
  let lines = 0;
  try {
    while (written < bytes) {
      const block = [];
      let length = 0;
      while (length < blockBytes && written + length < bytes) {
        const line = next();
        block.push(line);
        length += line.length;
      }
      lines += block.length;
      written += writeSync(file, block.join(""));
    }
  } finally {
    closeSync(file);
  }
  return { lines, bytes: written };
}

/** A function that returns the next line, with its end. */
export function eventLines({ tools = 1000, sessions = 20_000, seed = 1 }) {
  const r = random(seed);
  const names = toolNames(tools, seed);
  const session = () => ({
    id: uuid(r),
    agent: r.chance(0.5) ? `agent-${r.below(8)}` : undefined,
    tools: Array.from({ length: toolsOfSession }, () => zipf(r, names)),
  });
  const open = Array.from({ length: 200 }, session);
  let made = open.length;
  let timeMs = Date.UTC(2026, 5, 1);
  return () => {
    timeMs += r.below(400);
    // Sessions come and go: a few hundred are open at a time.
    if (made < sessions && r.chance(0.01)) {
      open[r.below(open.length)] = session();
      made++;
    }
    const one = r.pick(open);
    return lineOf(r, zipf(r, one.tools), one, timeMs);
  };
}

/** Rank k with a share of 1/k, nearly: the logarithm of the rank is even. */
function zipf(r, names) {
  return names[Math.min(names.length - 1, Math.floor(names.length ** r.next()) - 1)];
}

function uuid(r) {
  const hex = () => r.below(0x10000).toString(16).padStart(4, "0");
  return `${hex()}${hex()}-${hex()}-${hex()}-${hex()}-${hex()}${hex()}${hex()}`;
}

function lineOf(r, tool, { id, agent }, timeMs) {
  const [colon, comma] = r.chance(0.7) ? [":", ","] : r.chance(0.8) ? [": ", ", "] : [" : ", " ,"];
  const pair = (key, value) => `"${key}"${colon}${value}`;
  const name = r.chance(0.001) ? tool.replace(/[a-z]/, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`) : tool;
  const fields = [
    pair("timestamp", `"${new Date(timeMs).toISOString()}"`),
    pair("session_id", `"${id}"`),
    pair("tool_name", `"${name}"`),
    pair("arguments", argumentsOf(r, colon, comma)),
    pair("status", r.chance(0.9) ? '"ok"' : '"error"'),
    pair("duration_ms", `${r.below(5000)}`),
  ];
  if (agent !== undefined) fields.push(pair("agent_id", `"${agent}"`));
  if (r.chance(0.6)) fields.push(pair("output", `"${text(r, 20 + r.below(130))}"`));
  r.shuffle(fields);
  return `{${fields.join(comma)}}\n`;
}

function argumentsOf(r, colon, comma) {
  const pairs = [
    `"path"${colon}"/srv/app/${text(r, 16)}.ts"`,
    `"options"${colon}{"recursive"${colon}${r.chance(0.5)}${comma}"limit"${colon}${r.below(500)}${comma}"tags"${colon}["${text(r, 8)}"${comma}"x"]}`,
  ];
  if (r.chance(0.3)) pairs.push(`"tool_name"${colon}"decoy_${r.below(100)}"${comma}"session_id"${colon}"none"`);
  if (r.chance(0.3)) pairs.push(`"payload"${colon}"{\\"tool_name\\":\\"decoy\\",\\"n\\":${r.below(100)}}\\n${text(r, 30)}"`);
  if (r.chance(0.5)) pairs.push(`"content"${colon}"${text(r, 40 + r.below(120))}"`);
  if (r.chance(0.2)) pairs.push(`"edits"${colon}[{"at"${colon}1${comma}"to"${colon}"${text(r, 10)}"}${comma}{"at"${colon}2}]`);
  return `{${r.shuffle(pairs).join(comma)}}`;
}

const words = "the file was read and changed in place, then tests were run: all fine; see {braces} and [lists] at line end".split(
  " ",
);

function text(r, length) {
  let made = "";
  while (made.length < length) {
    made += r.pick(words);
    made += r.chance(0.05) ? '\\"' : r.chance(0.03) ? "\\n" : r.chance(0.002) ? "é" : " ";
  }
  return made;
}
