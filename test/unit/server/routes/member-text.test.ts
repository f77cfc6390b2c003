import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withPolicyText } from "../../../../src/server/routes/asked.js";
import { memberText } from "../../../../src/server/routes/member-text.js";
import { askedWith } from "./asked-with.js";

describe("the text of a member", () => {
  test.each([
    ['{"policy": {"b": 1, "0": 2}, "x": 1}', ["policy"], '{"b": 1, "0": 2}'],
    ['{"x":[1,{"policy":2}],"policy":3}', ["policy"], "3"],
    ['{"x":"}\\"{,","policy":"a\\\\"}', ["policy"], '"a\\\\"'],
    ['{"p\\u006flicy":[] }', ["policy"], "[]"],
    ['{"old":{"policy":{"a":{}}},"new":{"policy":null}}', ["new", "policy"], "null"],
    [' {"old" : { "policy" : true } } ', ["old", "policy"], "true"],
    ["{}", ["policy"], undefined],
    ["[1]", ["policy"], undefined],
    ['{"policy":1}', ["policy", "deeper"], undefined],
    ["7", ["policy"], undefined],
  ])("of %s at %j", (json, path, text) => expect(memberText(json, path)).toBe(text));

  test("is the same value as the parsed member, for any JSON", () => {
    const json = fc.record({ before: fc.jsonValue(), member: fc.jsonValue(), after: fc.jsonValue() });
    fc.assert(
      fc.property(json, fc.string(), fc.constantFrom(undefined, 1, "\t"), (values, name, indent) => {
        const members = new Map<string, unknown>([["before", values.before]]);
        members.set(name, values.member);
        members.set("after!", values.after);
        const text = `{${[...members].map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value, null, indent)}`)}}`;
        expect(JSON.parse(memberText(text, [name]) ?? "nothing")).toEqual(JSON.parse(JSON.stringify(members.get(name))));
      }),
      { numRuns: 500 },
    );
  });
});

test("names that look like numbers keep their place in an inline policy", () => {
  const json = '{"policy":{"capability_mappings":{"b":{},"0":{}}},"tools":[]}';
  const asked = askedWith({ json });
  const body = withPolicyText(asked, asked.json as { policy: unknown }, ["policy"]);
  expect(body.policy).toBe('{"capability_mappings":{"b":{},"0":{}}}');
  expect(withPolicyText(asked, { policy: "text: yes" }, ["policy"])).toEqual({ policy: "text: yes" });
  expect(withPolicyText(asked, { policy: undefined }, ["policy"])).toEqual({ policy: undefined });
});
