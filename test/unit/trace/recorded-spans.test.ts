import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { jaeger } from "../../../src/trace/formats/jaeger.js";
import { otlp } from "../../../src/trace/formats/otlp.js";
import { spanArray } from "../../../src/trace/formats/span-array.js";
import { tempo } from "../../../src/trace/formats/tempo.js";
import type { TraceFormat } from "../../../src/trace/reader.js";
import { bytesOfFile, readWith, scoreOf, toolNames } from "../../support/trace-sink.js";

/** Recorded runs in ../shared/data, beside the project and never part of it. Absent: left out. */
const folder = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));
const present = existsSync(folder);

interface Counts {
  traces: number;
  tool_calls: number;
  histogram: Record<string, number>;
}

const counted: readonly (readonly [TraceFormat, string])[] = [
  [otlp, "otlp-derived/traces.otlp.jsonl.gz"],
  [jaeger, "otel-jaeger/helm.json.gz"],
  [tempo, "otel-tempo/tempo_export_with_batches.json.gz"],
];
const own: ReadonlyMap<string, TraceFormat> = new Map([
  ["otlp-derived", otlp],
  ["otel-jaeger", jaeger],
  ["otel-tempo", tempo],
  ["openinference-fixtures", spanArray],
  ["vercel-ai-spans", spanArray],
]);

describe.skipIf(!present)("recorded spans", () => {
  it.each(counted)("of $id give the expected counts", (format, file) => {
    const { files } = JSON.parse(readFileSync(`${folder}normalised/expected-counts.json`, "utf8")) as {
      files: Record<string, Counts>;
    };
    const counts = files[file]!;
    const found = readWith(format, bytesOfFile(folder + file));
    const histogram: Record<string, number> = {};
    for (const name of toolNames(found)) histogram[name] = (histogram[name] ?? 0) + 1;
    expect([found.traces.size, found.distinct.length, histogram]).toEqual([counts.traces, counts.tool_calls, counts.histogram]);
    expect(found.calls.length).toBe(counts.tool_calls);
    expect(found.bad).toEqual([]);
    expect(found.calls.every((call) => call.timeMs !== undefined && call.agent !== undefined)).toBe(true);
  });

  it("are told of conversations and agents", () => {
    const [helm] = readWith(jaeger, bytesOfFile(`${folder}otel-jaeger/helm.json.gz`)).calls;
    expect([helm!.agent, helm!.session, helm!.timeMs]).toEqual([
      "helm_agent",
      "ctx-7ed9780f-3688-4fc0-b10b-2e4df2f83cf0",
      1771237536879,
    ]);
  });

  it("of OpenInference: a tool span is a call, what a model was given before is none", () => {
    const names = readdirSync(`${folder}openinference-fixtures`).map((file) => [
      file,
      toolNames(readWith(spanArray, bytesOfFile(`${folder}openinference-fixtures/${file}`))),
    ]);
    expect(new Map(names as [string, string[]][])).toEqual(
      new Map([
        ["openinference_client_span_input_output_only.json", []],
        ["openinference_client_span_tool_calls.json", []],
        ["otel_genai_client_span_tool_calls.json", []],
        ["otel_genai_deprecated_client_span_tool_calls.json", []],
        ["otel_genai_tool_execution_span.json", ["get_weather"]],
      ]),
    );
  });

  it("of Vercel AI without tools are traces without calls", () => {
    const found = readWith(spanArray, bytesOfFile(`${folder}vercel-ai-spans/all-spans.json`));
    expect([found.traces.size, found.calls.length, found.bad]).toEqual([10, 0, []]);
  });

  it("are claimed by their own format, and no file of another format is", () => {
    const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of folders) {
      for (const file of readdirSync(folder + name).slice(0, 12)) {
        const bytes = bytesOfFile(`${folder}${name}/${file}`);
        const claims = [otlp, jaeger, tempo, spanArray].filter((format) => scoreOf(format, bytes) > 0);
        expect([name, file, claims.map(({ id }) => id)]).toEqual([name, file, own.has(name) ? [own.get(name)!.id] : []]);
      }
    }
  });
});
