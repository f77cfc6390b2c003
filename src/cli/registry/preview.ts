import { diffPolicies, type PolicyDiff } from "../../analysis/diff.js";
import { type FloorReport, floorOf } from "../../analysis/floor.js";
import { subjectOf } from "../../analysis/subject.js";
import { hasErrors } from "../../diagnostics/diagnostic.js";
import { mergePolicies } from "../../policy/merge.js";
import type { Card, Policy } from "../../policy/model.js";
import type { PolicyOwner } from "../../registry/registry.js";
import { CommandFailure, type Sources } from "../failure.js";
import type { ActiveLayers } from "./layers.js";

/** What a change of the active policy means before it is made. */
export interface Preview {
  /** Against what is active now, with the org's policy below both sides; undefined where there is nothing to compare with. */
  readonly diff: PolicyDiff | undefined;
  /** What was compared, for people. */
  readonly before: string;
  /** Of an agent's policy over an org's. */
  readonly floor: FloorReport | undefined;
}

/** @throws CommandFailure when the layers do not merge */
export function previewOf(
  owner: PolicyOwner,
  { org, agent }: ActiveLayers,
  policy: Policy,
  card: Card | undefined,
  sources: Sources,
): Preview {
  const below = owner.agent === undefined ? undefined : org?.policy;
  const active = owner.agent === undefined ? org : agent;
  const layers = owner.agent === undefined ? { org: policy } : { org: below, agent: policy };
  const { value, diagnostics } = mergePolicies(layers);
  if (value === undefined || hasErrors(diagnostics)) throw new CommandFailure(diagnostics, sources);
  const older = owner.agent === undefined ? { org: active?.policy } : { org: below, agent: active?.policy };
  // What this release does not read cannot be compared with, and the org alone is not what is active.
  const unread = active !== undefined && active.policy === undefined;
  const comparable = !unread && (older.org !== undefined || ("agent" in older && older.agent !== undefined));
  const judged = card === undefined ? {} : { card };
  return {
    diff: comparable ? diffPolicies(subjectOf(older), subjectOf(layers), judged) : undefined,
    before: [org, agent].flatMap((layer) => (layer?.policy === undefined ? [] : [layer.label])).join(" + "),
    floor: owner.agent === undefined || below === undefined ? undefined : floorOf(below, policy, judged),
  };
}
