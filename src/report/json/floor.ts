import type { FloorRun } from "../diff-run.js";
import { diagnosticJson } from "./diagnostic.js";
import { changeJson, undecidedJson } from "./diff.js";

/** `smoltbot policy floor --format json`. */
export function floorJson({ org, agents, exitReasons }: FloorRun): object {
  return {
    schema: "smoltbot.floor/1",
    ok: exitReasons.length === 0,
    exit_reasons: exitReasons,
    org,
    agents: agents.map(({ file, report }) => ({
      file,
      name: report.agent.name,
      org_unmapped_tool_action: report.org.unmappedToolAction,
      holds: report.holds,
      card_checked: report.cardChecked,
      exceptions: report.exceptions.map(changeJson),
      broken: report.broken.map(changeJson),
      broad: report.broad.map(diagnosticJson),
      undecided: report.undecided.map(undecidedJson),
      inventory: report.inventory ?? null,
    })),
  };
}
