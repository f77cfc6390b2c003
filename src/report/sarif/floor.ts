import { escapeText } from "../../diagnostics/escape.js";
import { sarifResultsMax } from "../../limits.js";
import type { FloorRun } from "../diff-run.js";
import { count } from "../text/words.js";
import { changeResults } from "./diff.js";
import { sarifLog } from "./log.js";

const descriptors = [
  {
    id: "floor-exception",
    shortDescription: { text: "An agent maps names that its org leaves unmapped." },
    fullDescription: { text: "The merged policy judges these names more leniently than the org alone, which a new mapping may." },
    help: { text: "Map as little as the agent needs, or map it in the org policy." },
    properties: { tags: ["security", "policy-floor"] },
  },
  {
    id: "floor-broken",
    shortDescription: { text: "A merged policy is below the floor of its org." },
    fullDescription: { text: "Merging rules this out, so it is a fault of the program that merges." },
    help: { text: "Report it with both policy files, and do not deploy this pair." },
    properties: { tags: ["security", "policy-floor"] },
  },
] as const;

/** SARIF 2.1.0: a result is a set of names below the org alone and a glob of the agent that maps them. */
export function floorSarif({ agents, exitReasons, version }: FloorRun): string {
  const results = agents.flatMap(({ report }) => [
    ...report.broken.flatMap((change) => changeResults(change, { id: "floor-broken", index: 1 })),
    ...report.exceptions.flatMap((change) => changeResults(change, { id: "floor-exception", index: 0 })),
  ]);
  const left = results.length - sarifResultsMax;
  return sarifLog({
    tool: { driver: { name: "smoltbot-policy", semanticVersion: version, version, rules: descriptors } },
    invocations: [
      {
        executionSuccessful: agents.every(({ report }) => report.holds),
        exitCode: exitReasons.length === 0 ? 0 : 1,
        ...(exitReasons.length > 0 && { exitCodeDescription: exitReasons.map(escapeText).join("; ") }),
        toolExecutionNotifications: [
          ...(left > 0 ? [{ level: "warning", message: { text: `${count(left, "result")} left out` } }] : []),
          ...agents.flatMap(({ report }) =>
            report.undecided.map(({ question, reason }) => ({
              level: "warning",
              message: { text: `Not decided: ${escapeText(question)}; ${escapeText(reason)}` },
            })),
          ),
        ],
      },
    ],
    results: results.slice(0, sarifResultsMax),
    columnKind: "utf16CodeUnits",
  });
}
