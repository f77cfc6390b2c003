import type { CallConsumer, NamedCall } from "./consumer.js";
import { type NameMap, qualifiedName } from "./name-map.js";
import type { CallRecord } from "./reader.js";
import { innerTool, isWrapper } from "./unwrap.js";

export interface WrapperTally {
  readonly calls: number;
  /** Most called first, then by name. */
  readonly tools: readonly { readonly tool: string; readonly calls: number }[];
}

/** What is known of a name as it stands in the inputs, with or without its server. */
interface KnownName {
  readonly canonical: string;
  readonly wrapper: boolean;
}

const noServer = "";

/** Gives calls the names they are judged by, and counts wrappers. One for all inputs; each distinct name is looked at once. */
export class Naming {
  /** Calls that were no repetitions. */
  calls = 0;
  /** Server -> name -> what is known; the empty server for none. */
  private readonly known = new Map<string, Map<string, KnownName>>();
  private readonly wrapperCalls = new Map<string, number>();

  constructor(
    private readonly names: NameMap | undefined,
    private readonly unwrap: boolean,
  ) {}

  /** The name that a tool without arguments is judged by. */
  canonical(tool: string): string {
    return this.look(tool, noServer).canonical;
  }

  /** Hands a call on; false when it is a repetition (R2). */
  deliver(consumer: CallConsumer, format: string, input: number, call: CallRecord): boolean {
    const outer = this.look(call.tool, call.server ?? noServer);
    const inner = outer.wrapper && this.unwrap ? innerTool(call.args?.()) : undefined;
    const tool = inner === undefined ? outer.canonical : this.look(inner.tool, inner.server ?? noServer).canonical;
    const named: NamedCall = tool === call.tool ? call : { ...call, tool, rawTool: call.tool };
    if (!consumer.add(format, input, named)) return false;
    this.calls++;
    if (outer.wrapper && (inner !== undefined || !this.unwrap)) {
      this.wrapperCalls.set(outer.canonical, (this.wrapperCalls.get(outer.canonical) ?? 0) + 1);
    }
    return true;
  }

  /** Whether calls of it are judged by what their arguments name. */
  isLookedThrough(tool: string): boolean {
    return this.unwrap && isWrapper(tool);
  }

  /** Whether calls that come without arguments have to be told to `countWrapper`. */
  isCountedWrapper(tool: string): boolean {
    return !this.unwrap && isWrapper(tool);
  }

  /** Calls of a wrapper that were counted as its own. */
  countWrapper(tool: string, calls: number): void {
    const { canonical } = this.look(tool, noServer);
    this.wrapperCalls.set(canonical, (this.wrapperCalls.get(canonical) ?? 0) + calls);
  }

  wrappers(): WrapperTally {
    const tools = [...this.wrapperCalls].map(([tool, calls]) => ({ tool, calls }));
    tools.sort((a, b) => b.calls - a.calls || (a.tool < b.tool ? -1 : 1));
    return { calls: tools.reduce((sum, { calls }) => sum + calls, 0), tools };
  }

  private look(tool: string, server: string): KnownName {
    let ofServer = this.known.get(server);
    if (ofServer === undefined) {
      ofServer = new Map();
      this.known.set(server, ofServer);
    }
    let name = ofServer.get(tool);
    if (name === undefined) {
      // Something that was no name stays invalid, whatever server it came from (semantics G2).
      const full = server === noServer || tool === "" ? tool : qualifiedName(server, tool);
      const canonical = this.names?.canonical(full) ?? full;
      name = { canonical, wrapper: isWrapper(tool) };
      ofServer.set(tool, name);
    }
    return name;
  }
}
