import { escapeText } from "../../diagnostics/escape.js";
import type { Paint } from "../paint.js";
import type { OwnerFrame } from "../publish-run.js";
import { ownerWords } from "./publish.js";
import { lines } from "./words.js";

export interface UnpublishFrame extends OwnerFrame {
  /** Active until now. */
  readonly version: number;
  /** The org's active version, for an agent's policy. */
  readonly below: number | undefined;
}

export function unpublishQuestion(frame: UnpublishFrame): string {
  return `Version ${frame.version} for ${ownerWords(frame)} would no longer be active; ${afterwards(frame, "would fall")}. Go on?`;
}

export function unpublishedText(frame: UnpublishFrame, paint: Paint): string {
  return lines(
    `${paint.pass("✓")} No version is active for ${ownerWords(frame)} in ${escapeText(frame.place)} any more.`,
    `  Version ${frame.version} was archived; ${afterwards(frame, "falls")}.`,
  );
}

function afterwards({ agent, below }: UnpublishFrame, falls: string): string {
  if (agent === undefined) return "agents keep only their own policies";
  return below === undefined
    ? `the agent ${falls} back to no policy at all`
    : `the agent ${falls} back to the org's version ${below}`;
}
