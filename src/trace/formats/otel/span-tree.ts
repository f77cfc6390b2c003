import type { SpanFacts, ToolFacts } from "./span-facts.js";
import type { SpanRows } from "./span-rows.js";

/** The call of a tool span, while its trace is decided. */
export interface OpenCall {
  readonly node: SpanNode;
  readonly facts: ToolFacts;
  tool: string;
  server: string | undefined;
  readonly callId: string | undefined;
  readonly scope: string | undefined;
  /** Span ids of the same call. */
  readonly aliases: string[];
  readonly args: unknown;
  readonly timeMs: number | undefined;
  readonly line: number;
}

/** A span whose ancestors are asked for. What it takes over from them is filled in by `nodeOf`. */
export interface SpanNode {
  readonly row: number;
  readonly facts: SpanFacts;
  call: OpenCall | undefined;
  state: "new" | "entered" | "done";
  /** The nearest ancestor that is no `other` span. */
  above: SpanNode | undefined;
  agentName: string | undefined;
  agentId: string | undefined;
  functionId: string | undefined;
  /** The outermost name of an agent. */
  rootAgent: string | undefined;
  session: string | undefined;
  /** Below a tool span. */
  belowTool: boolean;
  /** Below the span of an agent or model that is itself below a tool span. */
  delegated: boolean;
}

/** The spans of a trace that is being decided. */
export class SpanTree {
  private readonly nodes: (SpanNode | undefined)[];

  /** `table`: all zero, a power of two of slots, at least twice as many as rows. */
  constructor(
    readonly rows: SpanRows,
    private readonly table: Int32Array,
  ) {
    this.nodes = new Array<SpanNode | undefined>(rows.facts.length).fill(undefined);
    rows.index(table);
  }

  node(row: number): SpanNode {
    let node = this.nodes[row];
    if (node === undefined) {
      const facts = this.rows.facts[row]!;
      const { agentName, agentId, functionId, delegated } = facts;
      node = {
        row,
        facts,
        call: undefined,
        state: "new",
        above: undefined,
        agentName,
        agentId,
        functionId,
        rootAgent: undefined,
        session: this.rows.sessions[row],
        belowTool: false,
        delegated,
      };
      this.nodes[row] = node;
    }
    return node;
  }

  /** Gives a span what its ancestors say. Every span is visited once; a cycle of parents is cut where it was entered. */
  inherit(node: SpanNode): void {
    if (node.state !== "new") return;
    const path: SpanNode[] = [];
    let at: SpanNode | undefined = node;
    while (at !== undefined && at.state === "new") {
      at.state = "entered";
      path.push(at);
      const parent = this.rows.parentOf(at.row, this.table);
      at = parent === -1 ? undefined : this.node(parent);
    }
    let parent = at?.state === "done" ? at : undefined;
    for (let i = path.length - 1; i >= 0; i--) {
      const each = path[i]!;
      if (parent !== undefined) take(each, parent);
      each.rootAgent ??= each.agentName;
      each.state = "done";
      parent = each;
    }
  }
}

function take(node: SpanNode, parent: SpanNode): void {
  const { kind } = parent.facts;
  node.above = kind === "other" ? parent.above : parent;
  node.agentName ??= parent.agentName;
  node.agentId ??= parent.agentId;
  node.functionId ??= parent.functionId;
  node.rootAgent = parent.rootAgent;
  node.session ??= parent.session;
  node.belowTool = parent.belowTool || kind === "tool";
  node.delegated ||= parent.delegated || (parent.belowTool && (kind === "agent" || kind === "model"));
}
