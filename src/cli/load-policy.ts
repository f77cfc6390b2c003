import { type Diagnostic, hasErrors } from "../diagnostics/diagnostic.js";
import { quoteText } from "../diagnostics/escape.js";
import { renderDiagnostics } from "../diagnostics/render.js";
import { mergePolicies } from "../policy/merge.js";
import type { Card, MergedPolicy, Policy } from "../policy/model.js";
import { parseCard } from "../syntax/card.js";
import { CommandFailure, failure } from "./failure.js";
import { readNamedFile } from "./files.js";
import { decodedText, parsePolicyFile } from "./policy-file.js";
import type { Settings, StoredPolicy, StoredText } from "./settings.js";
import type { Terminal } from "./terminal.js";

export interface LoadedPolicy {
  readonly merged: MergedPolicy;
  readonly layers: { readonly org?: Policy; readonly agent?: Policy };
}

/** Reads and merges the layers that the settings name. Warnings go to stderr; errors of all files are thrown together. */
export function loadPolicy(settings: Settings, terminal: Terminal): LoadedPolicy {
  if (settings.policy === undefined && settings.org === undefined) {
    if (settings.stored !== undefined) return loadStored(settings.stored, terminal);
    throw failure("usage_policy_missing", "no policy was named");
  }
  const sources = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  const read = (path: string | undefined, what: string): Policy | undefined => {
    if (path === undefined) return undefined;
    const bytes = readNamedFile(path, what);
    sources.set(path, decodedText(bytes));
    const parsed = parsePolicyFile(bytes, path);
    diagnostics.push(...parsed.diagnostics);
    return parsed.policy;
  };
  const main = read(settings.policy, "policy");
  // A main file with scope org stands alone; an org policy that only the config file names does not get in its way.
  const alone = main?.meta.scope === "org" && settings.orgFromConfig;
  const below = alone ? undefined : read(settings.org, "org policy");
  if (hasErrors(diagnostics)) throw new CommandFailure(diagnostics, sources);
  if (main?.meta.scope === "org" && below !== undefined) {
    throw failure("usage_two_org_policies", `${quoteText(main.file)} has scope org, and --org names another org policy`);
  }
  const org = main?.meta.scope === "org" ? main : below;
  const agent = main?.meta.scope === "agent" ? main : undefined;
  const layers = { ...(org && { org }), ...(agent && { agent }) };
  const merged = mergePolicies(layers);
  diagnostics.push(...merged.diagnostics);
  if (merged.value === undefined || hasErrors(diagnostics)) throw new CommandFailure(diagnostics, sources);
  warn(diagnostics, sources, terminal);
  return { merged: merged.value, layers };
}

/** What the registry has was checked when it was published; another release may see it otherwise. */
function loadStored(stored: StoredPolicy, terminal: Terminal): LoadedPolicy {
  const sources = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  const read = (layer: StoredText | undefined): Policy | undefined => {
    if (layer === undefined) return undefined;
    sources.set(layer.label, layer.text);
    const parsed = parsePolicyFile(layer.text, layer.label);
    diagnostics.push(...parsed.diagnostics);
    return parsed.policy;
  };
  const [org, agent] = [read(stored.org), read(stored.agent)];
  const layers = { ...(org && { org }), ...(agent && { agent }) };
  const merged = hasErrors(diagnostics) ? undefined : mergePolicies(layers);
  diagnostics.push(...(merged?.diagnostics ?? []));
  if (merged?.value === undefined || hasErrors(diagnostics)) throw new CommandFailure(diagnostics, sources);
  warn(diagnostics, sources, terminal);
  return { merged: merged.value, layers };
}

/** The card that the settings name, if they name one. Without a time nobody asks whether it has expired. */
export function loadCard(settings: Settings, nowMs: number | undefined, terminal: Terminal): Card | undefined {
  if (settings.card === undefined) return usesStored(settings) ? settings.stored?.card : undefined;
  const bytes = readNamedFile(settings.card, "card");
  const sources = new Map([[settings.card, decodedText(bytes)]]);
  const { value, diagnostics } = parseCard(bytes, { file: settings.card, nowMs });
  if (value === undefined || hasErrors(diagnostics)) throw new CommandFailure(diagnostics, sources);
  warn(diagnostics, sources, terminal);
  return value;
}

function usesStored({ policy, org }: Settings): boolean {
  return policy === undefined && org === undefined;
}

/** Warnings and notices, beside the result. */
export function warn(diagnostics: readonly Diagnostic[], sources: ReadonlyMap<string, string>, terminal: Terminal): void {
  if (diagnostics.length === 0) return;
  terminal.err(`${renderDiagnostics(diagnostics, { sources, color: terminal.colorErrors }).trimEnd()}\n`);
}
