import type { FloorReport } from "../analysis/floor.js";
import { escapeText } from "../diagnostics/escape.js";

/** Beyond a broken floor: any newly mapped name, those that the org denies, or globs that map tools of any server over a deny. */
export type FloorGate = "exceptions" | "denied" | "broad";

/** Why a gate on the floor is shut, in words; empty when it is open. What is not decided shuts it: a gate fails closed. */
export function floorGateReasons(
  agents: readonly { readonly file: string; readonly report: FloorReport }[],
  failOn: FloorGate | undefined,
): string[] {
  return agents.flatMap(({ file, report }) => {
    const own: string[] = [];
    if (report.broken.length > 0) own.push("is below the floor of its org");
    if (report.undecided.length > 0) own.push("was not decided for all names");
    const denied = report.exceptions.filter(({ before }) => before.verdict === "fail");
    if (failOn === "exceptions" && report.exceptions.length > 0) own.push("maps names that its org leaves unmapped");
    if (failOn === "denied" && denied.length > 0) own.push("maps names that its org denies");
    if (failOn === "broad" && report.broad.length > 0) own.push("maps tools of any server over an org deny");
    return own.map((what) => `${escapeText(file)} ${what}`);
  });
}
