import { createHash } from "node:crypto";
import { alikeCallsMax } from "../limits.js";
import type { AlikeCalls, IngestedCall } from "./store.js";

/** Bytes of an identity: by chance no two calls meet in what a registry will ever hold. */
const identityBytes = 16;

/** What stands around a call. */
export interface CallPlace {
  readonly org: string;
  readonly agent: string;
  readonly format: string;
  readonly traceId: string;
}

/**
 * What makes a call the same call, in any ingestion (R2): its id inside its session, and as in a replay the format and the tool belong
 * to it, so that an id that comes again with another name hides nothing. A call without an id is known by its trace, session, tool and
 * time, and by how many such calls came before it in what was sent: sending it again finds all of them there.
 */
export function identityOf(place: CallPlace, call: IngestedCall, alike: AlikeCalls): Buffer {
  const { org, agent, format, traceId } = place;
  const around = [org, agent, format, call.session, call.tool];
  if (call.callId !== undefined) return digest(["id", ...around, call.callId]);
  const look = digest(["look", ...around, traceId, String(call.timeMs), String(call.subagent)]).toString("latin1");
  const before = alike.get(look) ?? 0;
  // Set anew, so that what came long ago is what is forgotten.
  alike.delete(look);
  alike.set(look, before + 1);
  if (alike.size > alikeCallsMax) alike.delete(alike.keys().next().value as string);
  return digest([look, String(before)]);
}

function digest(parts: readonly string[]): Buffer {
  let text = "";
  for (const part of parts) text += `${part.length}:${part}`;
  // As UTF-16 every text has bytes of its own, unpaired surrogates too.
  return createHash("sha256").update(text, "utf16le").digest().subarray(0, identityBytes);
}
