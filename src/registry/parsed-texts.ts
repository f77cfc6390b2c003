import { inPlaceUnitsMax, parsedTextsMax } from "../limits.js";
import type { Policy } from "../policy/model.js";

interface ParsedText {
  readonly text: string;
  readonly label: string;
  readonly policy: Policy;
}

/** The latest last. Only large ones: a text is read, verified and merged below each agent, and each time it would take seconds. */
const parsed: ParsedText[] = [];

export function parsedBefore(text: string, label: string): Policy | undefined {
  if (text.length <= inPlaceUnitsMax) return undefined;
  const at = parsed.findIndex((each) => each.label === label && each.text === text);
  const [found] = at === -1 ? [] : parsed.splice(at, 1);
  if (found !== undefined) parsed.push(found);
  return found?.policy;
}

export function keepParsed(text: string, label: string, policy: Policy): void {
  if (text.length <= inPlaceUnitsMax || parsedBefore(text, label) !== undefined) return;
  parsed.push({ text, label, policy });
  if (parsed.length > parsedTextsMax) parsed.shift();
}
