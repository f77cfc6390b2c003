import { toolAncestorsMax } from "../../../limits.js";
import type { CallRecord } from "../../reader.js";
import { isUnique } from "../conversations.js";
import type { OpenCall, SpanNode } from "./span-tree.js";

/** Whether the call is one with that of a tool span above, which then gets what only this one knows. */
export function isMerged(inner: OpenCall): boolean {
  let above = inner.node.above;
  for (let steps = 0; above?.facts.kind === "tool" && steps < toolAncestorsMax; steps++) {
    const outer = above.call!;
    if (isSameCall(inner, outer)) {
      if (outer.tool === "") outer.tool = inner.tool;
      if (!outer.tool.startsWith("mcp__")) outer.server ??= inner.server;
      if (outer.aliases.length < toolAncestorsMax) outer.aliases.push(...inner.aliases);
      return true;
    }
    above = above.above;
  }
  return false;
}

function isSameCall(inner: OpenCall, outer: OpenCall): boolean {
  const bothIds = inner.callId !== undefined && outer.callId !== undefined;
  if (bothIds && inner.callId !== outer.callId) return false;
  if (inner.tool === outer.tool || isNameless(inner) || isNameless(outer)) return true;
  if (bothIds && !inner.facts.named) return true;
  if (!inner.facts.isMcp && !outer.facts.isMcp) return false;
  const isLong = outer.tool.length > inner.tool.length;
  const [long, short] = isLong ? [outer.tool, inner.tool] : [inner.tool, outer.tool];
  return isBehindServer(long, short, bothIds, inner.server ?? outer.server);
}

/** Nothing names it; a name that is no text is another thing. */
function isNameless({ tool, facts }: OpenCall): boolean {
  return tool === "" && !facts.named;
}

/** Ids that count from 0 in every answer tell no call from the next one: then spans do. */
export function ownId(callId: string | undefined, tool: string): string | undefined {
  return callId !== undefined && isUnique(callId, tool) ? callId : undefined;
}

const separators = "_-./:";
/** These join a server and a tool; `_` and `-` as often join words: `report_delete` is no `delete`. */
const serverSeparators = ["__", ".", "/", ":"];

/**
 * Whether a name is another one behind the name of its server. A server that is known has to be the one; unless the ids of the
 * calls agree, only separators of servers will do. What is wrongly kept apart counts twice, what is wrongly merged is hidden.
 */
function isBehindServer(long: string, short: string, sameId: boolean, server: string | undefined): boolean {
  if (long.length === short.length || !long.endsWith(short)) return false;
  const before = long.slice(0, long.length - short.length);
  if (!separators.includes(before.at(-1)!)) return false;
  if (sameId) return true;
  if (server === undefined) return serverSeparators.some((separator) => before.endsWith(separator));
  const [named, known] = [lettersOf(before.startsWith("mcp") ? before.slice(3) : before), lettersOf(server)];
  return named !== "" && known !== "" && (known.includes(named) || named.includes(known));
}

function lettersOf(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

export function agentOf({ agentName, agentId, functionId, facts: { resource } }: SpanNode): string | undefined {
  return agentName ?? agentId ?? functionId ?? resource.agent ?? resource.service;
}

export function sessionOfNode({ session, facts }: SpanNode): string | undefined {
  return session ?? facts.resource.session;
}

export function recordOf(trace: string, call: OpenCall): CallRecord {
  const { node, args, aliases } = call;
  // Claude Code's are ids of the API, and its log events know no spans.
  const callId = call.scope === undefined ? ownId(call.callId, call.tool) : call.callId;
  return {
    trace,
    callId: callId ?? aliases[0],
    aliases:
      callId !== undefined ? (aliases.length > 0 ? aliases : undefined) : aliases.length > 1 ? aliases.slice(1) : undefined,
    scope: call.scope,
    tool: call.tool,
    server: call.server,
    args: args === undefined ? undefined : () => args,
    timeMs: call.timeMs,
    agent: agentOf(node),
    session: sessionOfNode(node),
    subagent: node.delegated,
    line: call.line,
  };
}
