import { describe, expect, test } from "vitest";
import { failure } from "../../../src/cli/failure.js";
import { reportFailure } from "../../../src/cli/report-failure.js";
import { commandCodes } from "../../../src/diagnostics/catalogue/command.js";
import { fakeTerminal } from "../../support/command.js";

async function reported(error: unknown, json = false): Promise<{ out: string; err: string }> {
  const { terminal, ran } = fakeTerminal();
  await reportFailure(error, { terminal, json });
  return { out: ran.stdout, err: ran.stderr };
}

describe("what a failed command says", () => {
  test("message and advice, nothing on stdout", async () => {
    expect(await reported(failure("usage_blank_tool", "`a,,b` holds a blank tool name"))).toEqual({
      out: "",
      err: `error usage_blank_tool: \`a,,b\` holds a blank tool name\n  what to do: ${commandCodes.usage_blank_tool.fix}\n`,
    });
  });
  test("a defect of ours shows no stack", async () => {
    const { err } = await reported(new RangeError("off by one"));
    expect(err).toContain("error internal_error: smoltbot failed unexpectedly: off by one\n");
    expect(err).not.toContain("    at ");
  });
  test("machines get the same codes on stdout", async () => {
    const { out } = await reported(failure("file_exists", "`p.yaml` exists already"), true);
    expect(JSON.parse(out)).toMatchObject({
      schema: "smoltbot.error/1",
      errors: [{ code: "file_exists", file: null, line: null }],
    });
  });
});
