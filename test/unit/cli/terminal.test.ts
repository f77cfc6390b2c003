import { afterEach, describe, expect, test, vi } from "vitest";
import { openTerminal, shown } from "../../../src/cli/terminal.js";

const { isTTY } = process.stdout;
const { NO_COLOR, TERM } = process.env;

afterEach(() => {
  vi.restoreAllMocks();
  process.stdout.removeAllListeners("error");
  process.stderr.removeAllListeners("error");
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

describe("streams that end", () => {
  const streamError = (code: string) => Object.assign(new Error(code), { code });
  test("a reader that went away is no failure, a disk without room is one", () => {
    const exit = vi.spyOn(process, "exit").mockImplementation((code) => {
      throw new Error(`exit ${code}`);
    });
    const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    openTerminal();
    expect(() => process.stdout.emit("error", streamError("ENOSPC"))).toThrow("exit 1");
    expect(written.mock.calls[0]?.[0]).toContain("standard output cannot be written (ENOSPC)\n  what to do: ");
    expect(process.stderr.emit("error", streamError("EPIPE"))).toBe(true);
    expect(exit).toHaveBeenCalledTimes(1);
    const printed = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    const before = written.mock.calls.length;
    process.stdout.removeAllListeners("error");
    const later = openTerminal();
    process.stdout.emit("error", streamError("EPIPE"));
    later.out("nobody reads this");
    expect(printed).not.toHaveBeenCalled();
    expect([written.mock.calls.length, exit.mock.calls.length]).toEqual([before, 1]);
  });
});

describe("the display on a terminal", () => {
  test("a bar and the time left where the end is known, a count where it is not", () => {
    const done = "12.0 MB";
    expect(shown("Reading", { done, share: 0.25 }, 30)).toBe("Reading ██████░░░░░░░░░░░░░░░░░░  25%  12.0 MB  1 min 30 s left");
    expect(shown("Reading", { done, share: undefined }, 3)).toBe("Reading 12.0 MB  3 s");
  });
  test("no promise in the first moments, no overflow when a file grew meanwhile", () => {
    expect(shown("Reading", { done: "x", share: 0.001 }, 9)).toBe("Reading ░░░░░░░░░░░░░░░░░░░░░░░░   0%  x");
    expect(shown("Reading", { done: "x", share: 1.5 }, 9)).toContain("████████████████████████ 100%");
  });
});

describe("Ctrl-C", () => {
  test("first asks to stop, then ends at once; nothing is left listening", () => {
    const exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const stop = vi.fn();
    const before = process.listenerCount("SIGINT");
    const dispose = openTerminal().onInterrupt(stop);
    process.emit("SIGINT");
    expect([stop.mock.calls.length, exit.mock.calls.length]).toEqual([1, 0]);
    process.emit("SIGINT");
    expect([stop.mock.calls.length, exit.mock.calls[0]]).toEqual([1, [1]]);
    dispose();
    expect(process.listenerCount("SIGINT")).toBe(before);
  });
  test("what still waits for input does not keep the process once its output is written", () => {
    const exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const written: (() => void)[] = [];
    vi.spyOn(process.stdout, "write").mockImplementation((...args: unknown[]) => written.push(args[1] as () => void) > 0);
    const { exitCode } = process;
    const terminal = openTerminal();
    const dispose = terminal.onInterrupt(() => {});
    terminal.end(1);
    expect([process.exitCode, written.length]).toEqual([1, 0]);
    process.emit("SIGINT");
    dispose();
    terminal.end(1);
    expect(exit).not.toHaveBeenCalled();
    written[0]!();
    expect(exit.mock.calls).toEqual([[]]);
    process.exitCode = exitCode;
  });
});
