import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { replayJson } from "../../../src/report/json/replay.js";
import { jsonPieces, jsonText, visibleJson } from "../../../src/report/json/rule.js";
import type { ReplayReport } from "../../../src/trace/replay-report.js";
import { hostile, hostileNames, large } from "../../support/extreme-reports.js";
import { against, empty, ordinary, partial } from "../../support/replay-reports.js";

const schemaFile = join(import.meta.dirname, "../../../src/report/schemas/test-output.schema.json");
const validate = new Ajv({ strict: true, strictTypes: false, formats: { "date-time": true } }).compile(
  JSON.parse(readFileSync(schemaFile, "utf8")),
);

describe("replay as JSON", () => {
  test.each<[string, ReplayReport]>([
    ["ordinary", ordinary],
    ["compared", against],
    ["partial", partial],
    ["empty", empty],
    ["large", large(500, 200)],
    ["hostile", hostile],
  ])("%s: as the published schema says", (_, report) => {
    const written: unknown = JSON.parse(jsonText(replayJson(report, { code: 1, reasons: ["3 traces would fail"] })));
    expect(validate(written) ? [] : validate.errors).toEqual([]);
  });
  test("every reason for which a trace was left out", () => {
    const leftOut = { otherAgent: 1, otherSession: 2, otherTime: 3, undated: 4, beyondLimit: 5 };
    expect(replayJson({ ...ordinary, leftOut }, { code: 0, reasons: [] })).toMatchObject({
      left_out: { other_agent: 1, other_session: 2, other_time: 3, undated: 4, beyond_limit: 5 },
    });
  });
  test("in pieces it is the same text", () => {
    const written = replayJson(large(500, 200), { code: 1, reasons: [] });
    const odd = { none: undefined, text: "a\nb", list: [], items: [1, null, undefined, { a: [{}] }], empty: {}, "0": "first" };
    for (const value of [written, odd, {}]) {
      const pieces = [...jsonPieces(value)];
      expect(pieces.join("")).toBe(`${visibleJson(JSON.stringify(value, null, 2))}\n`);
      if (value === written) expect(pieces.length).toBeGreaterThan(3);
    }
  });
  test("the schema refuses what it does not know", () => {
    const written = replayJson(ordinary, { code: 0, reasons: [] }) as Record<string, unknown>;
    expect(validate(JSON.parse(JSON.stringify({ ...written, traces_not_listed: -1 })))).toBe(false);
    expect(validate(JSON.parse(JSON.stringify({ ...written, extra: 1 })))).toBe(false);
  });
  test("matrix, never-hit rules, partial mark", () => {
    const written = replayJson({ ...against, partial: partial.partial }, { code: 0, reasons: [] }) as Record<string, never>;
    expect(written["changes"]).toMatchObject({ calls: { fail: { pass: 61 } }, traces: { pass: { fail: 1 } } });
    expect(written["changes"]["cells"][0]).toMatchObject({ from: "fail", to: "pass", weaker: true, calls: 61 });
    expect(written["rules"][0]).toMatchObject({ rule: { label: "*__exec_shell" }, calls: 0, first_call: null, places: [] });
    expect(written["partial"]).toEqual({ bytes_read: 3_221_225_472, bytes_total: 10_737_418_240 });
  });
  test("names come back exactly, and nothing invisible stands in the text", () => {
    const text = jsonText(replayJson(hostile, { code: 0, reasons: [] }));
    const back = JSON.parse(text) as { tools: { tool: string }[] };
    expect(back.tools.map(({ tool }) => tool)).toEqual(hostileNames);
    expect(
      text.match(/[\0-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]/),
    ).toBeNull();
  });
});
