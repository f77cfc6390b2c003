import { createHash } from "node:crypto";
import { alikeCallsMax } from "../limits.js";
import type { AlikeCalls, IngestedCall } from "./store.js";

/** Calls of one session stand side by side in the index: a run that comes in changes few of its pages. */
const sessionBytes = 4;
/** So many that nobody finds two calls that are taken for one, by chance or on purpose. */
const callBytes = 16;

/** What stands around a call. */
export interface CallPlace {
  readonly agent: string;
  readonly format: string;
  readonly traceId: string;
}

/**
 * What makes a call the same call, in any ingestion of an org (R2): its id inside its session, and as in a replay the format and the
 * tool belong to it, so that an id that comes again with another name hides nothing. A call without an id is known by its trace,
 * session, tool and time, and by how many such calls came before it in what was sent: sending it again finds all of them there.
 */
export class Identities {
  #agent: string | undefined;
  #session: string | undefined;
  #sessionDigest: Uint8Array = new Uint8Array(sessionBytes);

  constructor(
    private readonly org: string,
    private readonly alike: AlikeCalls,
  ) {}

  of({ agent, format, traceId }: CallPlace, call: IngestedCall): Buffer {
    const { callId, session, tool, timeMs, subagent } = call;
    const around = [this.org, agent, format, session, tool];
    const known =
      callId !== undefined
        ? digest(["id", ...around, callId])
        : this.nth(digest(["look", ...around, traceId, String(timeMs), String(subagent)]).toString("latin1"));
    return Buffer.concat([this.sessionDigest(agent, session), known]);
  }

  private nth(look: string): Buffer {
    const { alike } = this;
    const before = alike.get(look) ?? 0;
    // Set anew, so that what came long ago is what is forgotten.
    alike.delete(look);
    alike.set(look, before + 1);
    if (alike.size > alikeCallsMax) alike.delete(alike.keys().next().value as string);
    return digest([look, String(before)]);
  }

  private sessionDigest(agent: string, session: string): Uint8Array {
    if (agent === this.#agent && session === this.#session) return this.#sessionDigest;
    this.#agent = agent;
    this.#session = session;
    this.#sessionDigest = digest([this.org, agent, session]).subarray(0, sessionBytes);
    return this.#sessionDigest;
  }
}

function digest(parts: readonly string[]): Buffer {
  let text = "";
  for (const part of parts) text += `${part.length}:${part}`;
  // As UTF-16 every text has bytes of its own, unpaired surrogates too.
  return createHash("sha256").update(text, "utf16le").digest().subarray(0, callBytes);
}
