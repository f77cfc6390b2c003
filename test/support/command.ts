import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { Ajv } from "ajv";
import { expect, onTestFinished } from "vitest";
import { runCommand } from "../../src/cli/program.js";
import type { Terminal } from "../../src/cli/terminal.js";
import { plain } from "../../src/report/paint.js";

export const root = join(import.meta.dirname, "..", "..");
const built = join(root, "build", "smoltbot.js");

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly input?: Uint8Array;
  readonly env?: NodeJS.ProcessEnv;
}

/** Nothing of the machine that runs the tests: no agent, no registry. */
const quietEnvironment: NodeJS.ProcessEnv = {
  HOME: "/nonexistent",
  NO_COLOR: "1",
  SMOLTBOT_AGENT: "",
  SMOLTBOT_API_KEY: "",
  SMOLTBOT_HOME: "",
  SMOLTBOT_ORG: "",
  SMOLTBOT_URL: "",
  DATABASE_URL: "",
};

/** Types a command as a user would, on the built output. */
export function spawned(args: readonly string[], options: RunOptions = {}): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [built, ...args], {
    cwd: options.cwd ?? root,
    input: options.input ?? "",
    encoding: "utf8",
    env: { ...process.env, ...quietEnvironment, ...options.env },
  });
  return { status, stdout, stderr };
}

/** A terminal that keeps what is written to it. */
export function fakeTerminal(input?: Uint8Array): { terminal: Terminal; ran: { stdout: string; stderr: string } } {
  const ran = { stdout: "", stderr: "" };
  const terminal: Terminal = {
    stdin: Readable.from(input === undefined ? [] : [input]),
    exitCode: 0,
    paint: plain,
    colorErrors: false,
    out(text) {
      ran.stdout += text;
    },
    err(text) {
      ran.stderr += text;
    },
    progress: async () => ({ update() {}, stop() {} }),
    onInterrupt: () => () => {},
  };
  return { terminal, ran };
}

/** The same without a process of its own: the whole command line but the script that starts it. */
export async function smoltbot(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const cwd = process.cwd();
  const environment = { ...quietEnvironment, ...options.env };
  const before = Object.keys(environment).map((name) => [name, process.env[name]] as const);
  const { terminal, ran } = fakeTerminal(options.input);
  Object.assign(process.env, environment);
  process.chdir(options.cwd ?? root);
  try {
    const status = await runCommand(args, terminal);
    return { status, ...ran };
  } finally {
    process.chdir(cwd);
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

/** A folder that goes away with the test, and the files in it. */
export function folderOf(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "smoltbot-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false, validateFormats: false });

/** What is wrong with a machine output by its published schema; empty when nothing is. */
export function schemaFaults(name: string, stdout: string): string[] {
  const file = join(root, "build", "schemas", `${name}-output.schema.json`);
  const id = `${name}-output.schema.json`;
  const validate = ajv.getSchema(id) ?? ajv.compile(JSON.parse(readFileSync(file, "utf8")));
  validate(JSON.parse(stdout));
  return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
}

/** Every failure of input or usage looks like this: exit 1, nothing on stdout, words and advice on stderr, no stack. */
export function expectRefused(ran: Ran, code: string, ...parts: readonly string[]): void {
  expect(ran.stderr).toContain(code);
  for (const part of parts) expect(ran.stderr).toContain(part);
  expect(ran.stderr).toMatch(/what to do: \w|Run the command with --help/);
  expect(ran.stderr).not.toMatch(/\n\s+at .+:\d+:\d+/);
  expect(ran.stdout).toBe("");
  expect(ran.status).toBe(1);
}
