import type { Card } from "../policy/model.js";
import type { ConfigValues } from "./config.js";
import type { ConfigOptions } from "./options.js";

/** What a command works on, from the command line, the environment and the config file, in this order. */
export interface Settings {
  readonly policy?: string | undefined;
  readonly org?: string | undefined;
  readonly card?: string | undefined;
  readonly agent?: string | undefined;
  readonly traces: readonly string[];
  /** File with a name map for traces. */
  readonly nameMap?: string | undefined;
  /** In place of policy files, where none is named: the layers that are active in the registry. */
  readonly stored?: StoredPolicy | undefined;
  /** The org policy was not asked for on the command line. */
  readonly orgFromConfig: boolean;
}

/** A layer with the name that stands for its file, such as `support-1@3`. */
export interface StoredText {
  readonly label: string;
  readonly text: string;
}

export interface StoredPolicy {
  readonly org?: StoredText | undefined;
  readonly agent?: StoredText | undefined;
  readonly card?: Card | undefined;
}

export interface GivenValues extends ConfigOptions {
  readonly policy?: string | undefined;
  readonly org?: string | undefined;
  readonly card?: string | undefined;
  readonly agent?: string | undefined;
  readonly traces?: readonly string[] | undefined;
}

/** The code that reads config files is loaded only when there is one. */
export async function resolveSettings(given: GivenValues): Promise<Settings> {
  const { findConfig } = await import("./find-config.js");
  const file = findConfig(given);
  const config: ConfigValues = file === undefined ? { traces: [] } : (await import("./config.js")).readConfig(file, given.env);
  return {
    policy: given.policy ?? config.policy,
    org: given.org ?? config.org,
    card: given.card ?? config.card,
    agent: given.agent ?? (process.env["SMOLTBOT_AGENT"] || undefined) ?? config.agent,
    traces: given.traces ?? config.traces,
    nameMap: config.nameMap,
    orgFromConfig: given.org === undefined,
  };
}
