import { enforcementModes, severities, stricter, unmappedActions } from "../../policy/lattice.js";
import type { Defaults, EnforcementMode, Severity, UnmappedAction } from "../../policy/model.js";
import type { DraftDefaults, DraftRequest, Strictness } from "./draft.js";
import { type Experience, type Maturity, rounded } from "./history.js";
import { words } from "./words.js";

interface Proposal {
  readonly mode: EnforcementMode;
  readonly unmapped: UnmappedAction;
}

/** What each maturity is ready for. */
const proposals: Readonly<Record<Strictness, Readonly<Record<Maturity, Proposal>>>> = {
  permissive: {
    young: { mode: "warn", unmapped: "warn" },
    growing: { mode: "warn", unmapped: "warn" },
    mature: { mode: "enforce", unmapped: "warn" },
  },
  balanced: {
    young: { mode: "warn", unmapped: "warn" },
    growing: { mode: "warn", unmapped: "warn" },
    mature: { mode: "enforce", unmapped: "deny" },
  },
  strict: {
    young: { mode: "warn", unmapped: "deny" },
    growing: { mode: "enforce", unmapped: "deny" },
    mature: { mode: "enforce", unmapped: "deny" },
  },
};

const unmappedSeverityOf: Readonly<Record<Strictness, Severity>> = { permissive: "low", balanced: "medium", strict: "high" };
const graceHoursOf: Readonly<Record<Strictness, number>> = { permissive: 72, balanced: 24, strict: 0 };

/** Defaults by strictness and maturity, and never more lenient than the ones in use. */
export function settleDefaults(
  { strictness, existing }: DraftRequest,
  { maturity, score, spanDays, novelty }: Experience,
  sessions: number,
): { defaults: Defaults; notes: DraftDefaults } {
  const proposal = proposals[strictness][maturity];
  const old = existing?.defaults;
  const keep = <T>(scale: readonly T[], proposed: T, current: T | undefined) =>
    current === undefined ? proposed : stricter(scale, proposed, current);
  const defaults: Defaults = {
    unmappedToolAction: keep(unmappedActions, proposal.unmapped, old?.unmappedToolAction),
    unmappedSeverity: keep(severities, unmappedSeverityOf[strictness], old?.unmappedSeverity),
    failOpen: false,
    enforcementMode: keep(enforcementModes, proposal.mode, old?.enforcementMode),
    gracePeriodHours: Math.min(graceHoursOf[strictness], old?.gracePeriodHours ?? Number.POSITIVE_INFINITY),
    ...(old?.failOn === undefined ? {} : { failOn: old.failOn }),
    spans: new Map(),
  };
  const kept = [
    defaults.unmappedToolAction === proposal.unmapped ? [] : ["unmapped_tool_action"],
    defaults.enforcementMode === proposal.mode ? [] : ["enforcement_mode"],
    defaults.unmappedSeverity === unmappedSeverityOf[strictness] ? [] : ["unmapped_severity"],
  ].flat();
  const evidence = [
    `the history is ${maturity}: ${words(sessions, "session")} over ${spanDays.toFixed(1)} days, ${Math.round(novelty * 100)}% of the tools first seen in the last quarter`,
    ...(kept.length === 0 ? [] : [`stricter in the existing policy, and kept: ${kept.join(", ")}`]),
  ];
  const reviewNotes =
    maturity === "mature" ? [] : ["raise enforcement_mode to enforce once a longer history replays without surprises"];
  return {
    defaults,
    notes: { evidence, confidence: rounded(score), reviewNotes: defaults.enforcementMode === "enforce" ? [] : reviewNotes },
  };
}
