import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import type { ReadOptions } from "../../src/trace/io/options.js";
import type { TraceSet } from "../../src/trace/trace-set.js";
import { assistant, at, chance, inChunks, lines, step, toolUse, transcript, user, zip } from "./traces.js";

/** The body of reading threads as it is shipped; threads cannot run from source. */
export const workerFile = join(import.meta.dirname, "..", "..", "build", "trace-worker.js");
export const hasWorker = existsSync(workerFile);

/** Threads for small inputs: everything is divided. */
export function threads(count: number, url: URL = pathToFileURL(workerFile)): ReadOptions {
  return { workers: { url, count }, threadedBytesMin: 0, rangeBytesMin: 2000 };
}

/**
 * The body of a thread that dies on its `message`th message, as long as threads have not died `times` times in this folder. How: `exit`, or an `error` nobody catches.
 */
export function dyingWorker(folder: string, how: "exit" | "error", message: number, times: number): URL {
  const death = {
    exit: "process.exit(3)",
    error: 'setImmediate(() => { throw new Error("killed by the test"); })',
  }[how];
  const flag = join(folder, "deaths");
  const text = `import { appendFileSync, existsSync, statSync } from "node:fs";
import { parentPort } from "node:worker_threads";
const flag = ${JSON.stringify(flag)};
const deaths = existsSync(flag) ? statSync(flag).size : 0;
let sent = 0;
const post = parentPort.postMessage.bind(parentPort);
parentPort.postMessage = (...args) => {
  post(...args);
  if (deaths < ${times} && ++sent === ${message}) { appendFileSync(flag, "x"); ${death}; }
};
await import(${JSON.stringify(pathToFileURL(workerFile).href)});
`;
  const file = join(folder, "dying-worker.mjs");
  writeFileSync(file, text);
  return pathToFileURL(file);
}

/** Plain events with everything that may stand between them; a fixed pseudo-random sequence. */
export function eventLines(seed: number, count: number): string {
  const next = chance(seed);
  const parts: string[] = [];
  for (let i = 0; i < count; i++) {
    const event = {
      timestamp: new Date(1.77e12 + i * 1000 + next(5000)).toISOString(),
      session_id: `s${next(20)}`,
      tool: ["Bash", "mcp__github__create_issue", "execute-tool", "Größe_✓", `tool_${next(90)}`][next(5)],
      ...(next(4) === 0 ? { call_id: `c${next(300)}` } : {}),
      args: { tool_name: "inner", server_name: "gateway", text: "x".repeat(next(200)) },
    };
    const kinds = ["oops", '{"tool":', "", "  ", `[${JSON.stringify(event)}]`, '{"level":"info"}', '"text"'];
    const odd = i > 70 && next(12) === 0;
    parts.push(odd ? kinds[next(kinds.length)]! : JSON.stringify(event), next(9) === 0 ? "\r\n" : "\n");
  }
  return parts.join("");
}

/** Files of several formats below a folder, some of them damaged; each a different way through the reading side. */
export function putTraces(folder: string): void {
  const tools = Array.from({ length: 700 }, (_, i) => `tool_${i % 7}`);
  const table = new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "tool", data: tools, type: "STRING" }] }));
  const files: Record<string, string | Uint8Array> = {
    "a/events.jsonl": eventLines(1, 900),
    "a/bom.jsonl": `\ufeff${eventLines(2, 300)}`,
    "a/cut.jsonl": `${eventLines(3, 400)}{"tool":"cut`,
    "a/long.jsonl": eventLines(4, 200) + lines({ tool: "Long", text: "y".repeat(20_000) }) + eventLines(5, 200),
    "a/events.jsonl.gz": zip(eventLines(6, 900)),
    "a/cut.gz": zip(eventLines(7, 5000)).subarray(0, 4000),
    "a/table.csv": `tool,session_id\n${"Read,s1\nGrep,s2\n".repeat(900)}`,
    "a/table.parquet": table,
    "a/table.parquet.gz": gzipSync(table),
    "b/s1.jsonl": lines(...transcript(8, 500)),
    "b/s1-again.jsonl": lines(...transcript(8, 400)),
    "b/s2.jsonl": lines(user("s2"), "nonsense", assistant("s2", [toolUse("Task", "t1")], at("1T00:00:00Z"))),
    "b/ap.json": JSON.stringify({ traces: Array.from({ length: 200 }, (_, i) => step(`tr-${i}`, ["Bash", "Read"])) }, null, 1),
    "b/notes.txt": "not a trace\n",
    "b/strange.jsonl": lines({ level: "info" }, { level: "warn" }),
    "c/none.jsonl": lines(...Array.from({ length: 200 }, () => ({ type: "summary", summary: "x".repeat(30), leafUuid: "u" }))),
    "d/empty.jsonl": "",
  };
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** Everything a set says, so that two of them can be compared. */
export function contentOf(set: TraceSet): object {
  const { calls, ...rest } = set;
  const { length, ...columns } = calls;
  return { ...rest, length, ...Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, [...column]])) };
}

/** Bytes that never end, as a pipe gives them. */
export async function* endless(content: string): AsyncGenerator<Uint8Array> {
  for (;;) yield* inChunks(content, 64 * 1024);
}
