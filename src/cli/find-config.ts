import { dirname, join } from "node:path";
import { quoteText } from "../diagnostics/escape.js";
import { failure } from "./failure.js";
import { exists, shownPath } from "./files.js";
import type { ConfigOptions } from "./options.js";

export const configName = "smoltbot.config.yaml";

/** The config file to read: the named one, or the nearest upwards from the current folder, or none. */
export function findConfig(options: ConfigOptions): string | undefined {
  const file = typeof options.config === "string" ? options.config : options.config === false ? undefined : nearest();
  if (file === undefined && options.env !== undefined) {
    const why = options.config === false ? "--no-config leaves none to read" : `there is no ${configName} here or above`;
    throw failure("config_missing", `--env ${quoteText(options.env)} needs a config file, and ${why}`);
  }
  return file;
}

function nearest(): string | undefined {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const file = join(folder, configName);
    if (exists(file)) return shownPath(file);
    if (dirname(folder) === folder) return undefined;
  }
}
