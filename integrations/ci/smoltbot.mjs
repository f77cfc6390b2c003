/** Finds the command and runs it; reports come on its standard output, what is for people on the other. */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const outputBytesMax = 256 * 1024 * 1024;

/**
 * The program and its first arguments: what SMOLTBOT_BIN names (a script for Node, or any other program), the package that these
 * files came with, or the one that is installed in the folder or above it. No shell is involved in any of them.
 */
export function findCommand(settings) {
  const { bin, folder } = settings;
  if (bin !== undefined) return /\.[cm]?js$/.test(bin) ? [process.execPath, resolve(bin)] : [bin];
  const scripts = [fileURLToPath(new URL("../../build/smoltbot.js", import.meta.url))];
  for (let at = folder; ; at = dirname(at)) {
    scripts.push(join(at, "node_modules", "smoltbot-policy", "build", "smoltbot.js"));
    if (dirname(at) === at) break;
  }
  const script = scripts.find((each) => existsSync(each));
  if (script === undefined) throw new Error("smoltbot is not installed: npm install smoltbot-policy, or name it in SMOLTBOT_BIN");
  return [process.execPath, script];
}

/** Runs a verb: `{status, stdout, stderr}`. Throws when there is no such program. */
export function runVerb(settings, args) {
  const [program, ...first] = settings.command;
  const ran = spawnSync(program, [...first, "policy", ...args], {
    cwd: settings.folder,
    encoding: "utf8",
    maxBuffer: outputBytesMax,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...withoutSecrets(process.env), NO_COLOR: "1" },
  });
  if (ran.error !== undefined) throw new Error(`smoltbot could not be run (${ran.error.code ?? ran.error.message})`);
  return { status: ran.status ?? 1, stdout: ran.stdout, stderr: ran.stderr };
}

/** The token is for the comment alone. */
function withoutSecrets({ SMOLTBOT_TOKEN: _, ...env }) {
  return env;
}

/**
 * The same run once for each format, which all agree: `{status, stderr, reports}` with the texts by format. A command that could
 * not do its work prints no report, so the format is absent then.
 */
export function runForReports(settings, args, formats) {
  const reports = new Map();
  let status = 0;
  let stderr = "";
  for (const format of formats) {
    const ran = runVerb(settings, [...args, "--format", format]);
    if (ran.status !== 0) status = ran.status;
    stderr = ran.stderr;
    if (ran.stdout !== "") reports.set(format, ran.stdout);
  }
  return { status, stderr, reports };
}
