import { afterEach, describe, expect, test } from "vitest";
import { openTerminal } from "../../../src/cli/terminal.js";

const { isTTY } = process.stdout;
const { NO_COLOR, TERM } = process.env;

afterEach(() => {
  process.stdout.removeAllListeners("error");
  process.stdout.isTTY = isTTY;
  for (const [name, value] of Object.entries({ NO_COLOR, TERM })) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

function painted(terminal: boolean, environment: { NO_COLOR?: string; TERM?: string } = {}): string {
  process.stdout.isTTY = terminal;
  delete process.env["NO_COLOR"];
  process.env["TERM"] = "xterm";
  Object.assign(process.env, environment);
  return openTerminal().paint.fail("x");
}

describe("colour", () => {
  test("only on a terminal", () => {
    expect([painted(true), painted(false)]).toEqual(["\u001b[31mx\u001b[39m", "x"]);
  });
  test("not when the user asked for none", () => {
    expect([painted(true, { NO_COLOR: "1" }), painted(true, { TERM: "dumb" })]).toEqual(["x", "x"]);
  });
});
