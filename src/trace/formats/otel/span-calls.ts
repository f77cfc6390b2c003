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
  const isMcp = inner.facts.isMcp || outer.facts.isMcp;
  return isMcp && (endsWithName(outer.tool, inner.tool) || endsWithName(inner.tool, outer.tool));
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

/** Whether a name is another one behind the name of a server. */
function endsWithName(long: string, short: string): boolean {
  return long.length > short.length && long.endsWith(short) && separators.includes(long[long.length - short.length - 1]!);
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
