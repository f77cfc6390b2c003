import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

/** Recorded names are not part of the project; where they are absent, generated ones take their place and reports say so. */
const shared = new URL("../../../shared/data/", import.meta.url);

/** The folder of recorded runs, or undefined. */
export const recordedFolder = existsSync(shared) ? fileURLToPath(shared) : undefined;

/** Names of real MCP tools, or undefined. */
export function recordedNames() {
  const file = new URL("mcp-tool-names.txt", shared);
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.map((line) => line.split("\t")[0]).filter((name) => name !== "");
}

/** Tool names of recorded calls, in order, or undefined. */
export function recordedCalls() {
  const file = new URL("bench/tool-call-stream.jsonl.gz", shared);
  if (!existsSync(file)) return undefined;
  const lines = gunzipSync(readFileSync(file)).toString("utf8").split("\n");
  return lines.filter((line) => line !== "").flatMap((line) => JSON.parse(line).tools);
}

/** What a report says about where its names come from. */
export function namesOrigin(names) {
  return names === undefined ? "generated names (../shared/data is absent)" : `${names.length} recorded tool names, varied`;
}
