import { type Glob, parseGlob } from "../../glob/parse.js";
import { namesServer } from "../../policy/merge.js";
import { isHard } from "./dominance.js";
import { findingAt } from "./finding.js";
import { isLiteral } from "./glob-pairs.js";
import type { Ground } from "./ground.js";
import type { LintFinding } from "./lint-report.js";
import type { Proofs } from "./proofs.js";
import type { Unit } from "./units.js";
import { nameOfUnit } from "./wording.js";

/** Every name, and every tool of every MCP server. */
const everyName = parseGlob("?*") as Glob;
const everyTool = parseGlob("mcp__?*__?*") as Glob;
const anyTool = "mcp__any__tool";

/** broad_glob, decided by containment; and broad_mapping_over_deny (M4), which takes its place. */
export function broadGlobs(ground: Ground, own: readonly Unit[], proofs: Proofs): LintFinding[] {
  const { org, agent } = ground.subject.layers;
  const overDeny = org?.defaults.unmappedToolAction === "deny" && agent !== undefined;
  return own.flatMap((unit) => {
    const [glob] = unit.globs;
    if (glob === undefined || unit.kind === "trigger") return [];
    if (unit.kind === "capability" && unit.layer === "agent" && overDeny && !isLiteral(glob) && !namesServer(glob)) {
      return [
        findingAt(unit, "broad_mapping_over_deny", {
          message: `the org denies unmapped tools, and ${nameOfUnit(unit)} maps tools of any server`,
          fix: "begin the glob with the server it is meant for, such as `mcp__server__`",
          witnesses: witnessOf(ground, glob),
        }),
      ];
    }
    // Cheap, and every broad glob passes.
    if (!ground.matches(glob, anyTool) || ground.contains(glob, everyTool) !== "yes") return [];
    if (unit.kind === "forbidden" && !isHard(ground, unit.rule.severity)) return [];
    const isAll = ground.contains(glob, everyName) === "yes";
    const what = isAll ? "every tool there is" : "every tool of every MCP server";
    proofs.matched([anyTool], glob.source);
    const consequence = unit.kind === "forbidden" ? "forbids" : "maps";
    return [
      findingAt(unit, "broad_glob", {
        message: `${nameOfUnit(unit)} ${consequence} ${what}`,
        fix:
          unit.kind === "forbidden"
            ? "name what must be blocked; to refuse all else, set `unmapped_tool_action: deny`"
            : "name the server and what its tools may do, such as `mcp__server__read_*`",
        witnesses: [anyTool],
      }),
    ];
  });
}

/** A name that shows it: a tool of some server where the glob has one. */
function witnessOf(ground: Ground, glob: Glob): string[] {
  if (ground.matches(glob, anyTool)) return [anyTool];
  const name = ground.commonName([glob, everyTool]) ?? ground.commonName([glob]);
  return name === undefined ? [] : [name];
}
