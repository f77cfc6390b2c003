/** What a pipeline shows while it runs, and what the next step of it reads. */

import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";

/** A printer for one platform. Text of policies and of commands can never be a command to the runner. */
export function openLog(platform, env, write = (text) => process.stdout.write(text)) {
  const line = (text) => write(`${text}\n`);
  return {
    line: (text) => line(harmless(text)),
    /** Printed while the runner looks for no commands. */
    block(text) {
      if (text.trim() === "") return;
      const token = randomUUID();
      if (platform === "github") line(`::stop-commands::${token}`);
      for (const each of text.trimEnd().split("\n")) line(`  ${visible(each)}`);
      if (platform === "github") line(`::${token}::`);
    },
    warning(text) {
      if (platform === "github") line(`::warning title=smoltbot policy::${commandText(text)}`);
      else line(`warning: ${visible(text)}`);
    },
    error(text) {
      if (platform === "github") line(`::error title=smoltbot policy::${commandText(text)}`);
      else line(`error: ${visible(text)}`);
    },
    /** A value for later steps. */
    output(name, value) {
      if (!env.GITHUB_OUTPUT) return;
      const end = randomUUID();
      appendFileSync(env.GITHUB_OUTPUT, `${name}<<${end}\n${value}\n${end}\n`);
    },
    summary(markdown) {
      if (env.GITHUB_STEP_SUMMARY) appendFileSync(env.GITHUB_STEP_SUMMARY, markdown);
    },
  };
}

/** Control characters and what reorders text, spelled out; a log is often read in a terminal. */
export function visible(text) {
  return text.replace(
    /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (unit) => `\\u{${unit.codePointAt(0).toString(16)}}`,
  );
}

/** Runners look for `::` at the start of a line and for `##[` anywhere. */
function harmless(text) {
  return visible(text)
    .replaceAll("##[", "## [")
    .replace(/^(?=\s*::)/, "| ");
}

function commandText(text) {
  return visible(text).replaceAll("%", "%25");
}
