import { escapeText } from "../../diagnostics/escape.js";
import type { Paint } from "../paint.js";
import type { OwnerFrame, PublishRun } from "../publish-run.js";
import { diffText } from "./diff.js";
import { floorText } from "./floor.js";
import { lines } from "./words.js";

/** `agent support-1`, `org acme`. */
export function ownerWords({ agent, org }: Pick<OwnerFrame, "agent" | "org">): string {
  return agent === undefined ? `org ${escapeText(org)}` : `agent ${escapeText(agent)}`;
}

/** What a change means, before anybody is asked whether it is wanted. */
export function previewText(run: PublishRun, paint: Paint): string {
  const { diff, floor, owner, before, after, below, version, orgHidden } = run;
  const parts: string[] = [];
  if (run.activeVersion === undefined)
    parts.push(lines(`No policy is active for ${ownerWords(owner)}: this would be the first.`));
  else if (diff === undefined)
    parts.push(
      lines(paint.warn(`Version ${run.activeVersion} is active, and this release does not read it: there is no comparison.`)),
    );
  if (diff !== undefined) parts.push(diffText({ diff, before, after: run.compared, exitReasons: [], version }, paint));
  if (floor !== undefined)
    parts.push(floorText({ org: below ?? "", agents: [{ file: after, report: floor }], exitReasons: [], version }, paint));
  if (orgHidden) parts.push(lines(paint.warn("The org's policy cannot be read with this key: the comparison is without it.")));
  return parts.join("\n");
}

/** What became of it. */
export function outcomeText(run: PublishRun, paint: Paint): string {
  const { owner, published, activeVersion, dryRun } = run;
  const place = escapeText(owner.place);
  if (published === undefined) return lines(dryRun ? "Nothing was published: this is a dry run." : "Nothing was published.");
  const { version, archived_version: archived } = published;
  if (version === activeVersion)
    return lines(
      `${paint.pass("✓")} Version ${version} for ${ownerWords(owner)} is active already, and says the same; nothing was stored.`,
    );
  return lines(
    `${paint.pass("✓")} Published version ${paint.strong(String(version))} for ${ownerWords(owner)} in ${place}`,
    archived === null ? undefined : `  Version ${archived} was archived.`,
  );
}
