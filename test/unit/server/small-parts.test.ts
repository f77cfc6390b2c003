import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rateWindowsMax } from "../../../src/limits.js";
import { compactJson } from "../../../src/server/answer.js";
import { refusalOf } from "../../../src/server/failures.js";
import { foreign, isLoopback } from "../../../src/server/local.js";
import { errorFields } from "../../../src/server/log.js";
import { allowedMethods } from "../../../src/server/paths.js";
import { addressKey, RateWindows } from "../../../src/server/rate.js";

describe("rate windows", () => {
  test("never more than the limit in a window, and always the whole limit", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40_000), { minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 8 }), (gaps, limit) => {
        let nowMs = 0;
        const windows = new RateWindows(() => nowMs);
        let [startMs, used] = [Number.NEGATIVE_INFINITY, 0];
        for (const gap of gaps) {
          nowMs += gap;
          if (nowMs - startMs >= 60_000) [startMs, used] = [nowMs, 0];
          const rest = windows.take("k", limit);
          if (used < limit) expect(rest).toBe(0);
          else expect(rest).toBe(Math.max(1, Math.ceil((startMs + 60_000 - nowMs) / 1_000)));
          if (used < limit) used++;
        }
      }),
    );
  });

  test("0 is no limit; the memory has a bound", () => {
    const windows = new RateWindows(() => 0);
    for (let i = 0; i < 1_000; i++) expect(windows.take("free", 0)).toBe(0);
    expect([windows.take("first", 1), windows.take("first", 1)]).toEqual([0, 60]);
    for (let i = 0; i < rateWindowsMax; i++) windows.take(`k${i}`, 1);
    expect(windows.take("first", 1)).toBe(0);
    expect(windows.take(`k${rateWindowsMax - 1}`, 1)).toBe(60);
  });

  test("addresses", () => {
    expect(addressKey("192.0.2.1")).toBe("192.0.2.1");
    expect(addressKey("::ffff:192.0.2.1")).toBe("192.0.2.1");
    expect(addressKey("2001:db8:1:2:3:4:5:6")).toBe(addressKey("2001:db8:1:2::9"));
    expect(addressKey("2001:db8::1")).not.toBe(addressKey("2001:db8:1::1"));
    expect(addressKey("fe80::1%eth0")).toBe(addressKey("fe80::2%eth1"));
    expect(addressKey("::1")).toBe("0:0:0:0::/64");
  });
});

test("loopback", () => {
  for (const host of ["127.0.0.1", "127.255.0.9", "localhost", "LOCALHOST", "::1", "[::1]", "::ffff:127.0.0.1"])
    expect([host, isLoopback(host)]).toEqual([host, true]);
  for (const host of [
    "",
    "0.0.0.0",
    "::",
    "127.0.0.1.example.org",
    "localhost.example.org",
    "127.1",
    "1270.0.0.1",
    "128.0.0.1",
    "::2",
    "2130706433",
    "0x7f.0.0.1",
  ])
    expect([host, isLoopback(host)]).toEqual([host, false]);
  expect(foreign({ host: "localhost:7400" })).toBeUndefined();
  for (const host of [
    undefined,
    "",
    ":7400",
    "localhost:",
    "localhost:123456",
    "localhost:7400:7400",
    "a@localhost",
    "[::1",
    "localhost/x",
  ])
    expect([host, typeof foreign({ host })]).toEqual([host, "string"]);
});

test("answers: a Map keeps its order, everything else is as JSON.stringify has it", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(compactJson(value)).toBe(JSON.stringify(value));
      expect(compactJson({ a: value, b: new Map([["m", value]]) })).toBe(JSON.stringify({ a: value, b: { m: value } }));
    }),
  );
  const names = new Map<string, unknown>([
    ["b", undefined],
    ["__proto__", [new Map([["1", 1]]), undefined]],
    ["0", { x: undefined, y: 1 }],
  ]);
  expect(compactJson(names)).toBe('{"__proto__":[{"1":1},null],"0":{"y":1}}');
});

test("methods of a path", () => {
  const routes = [
    { method: "GET", path: "/v1/a/{id}" },
    { method: "PUT", path: "/v1/a/{id}" },
    { method: "POST", path: "/v1/a" },
  ];
  expect(allowedMethods(routes, "/v1/a/x")).toEqual(["GET", "HEAD", "PUT"]);
  expect(allowedMethods(routes, "/v1/a")).toEqual(["POST"]);
  expect([allowedMethods(routes, "/v1/a/"), allowedMethods(routes, "/v1/a/x/y"), allowedMethods(routes, "/")]).toEqual([
    [],
    [],
    [],
  ]);
});

test("what nobody expected says nothing", () => {
  for (const error of [
    new TypeError("secret"),
    "secret",
    undefined,
    null,
    { statusCode: 418, message: "secret" },
    Object.assign(new Error("secret"), { code: "FST_ERR_X", statusCode: 500 }),
  ])
    expect(refusalOf(error)).toEqual({
      status: 500,
      code: "internal_error",
      message: expect.not.stringContaining("secret"),
      details: [],
      retryAfterS: undefined,
    });
});

test("the log has no passwords and no keys", () => {
  const key = `sbk_${"a".repeat(16)}_${"S".repeat(43)}`;
  const text = JSON.stringify(
    errorFields(new Error(`postgres://me:hunter2@host/db and ${key}`, { cause: new Error(`amqp://a:b@c ${key}`) })),
  );
  expect(text).not.toMatch(/hunter2|SSS|a:b/);
  expect(text).toContain(`sbk_${"a".repeat(16)}_[secret]`);
});
