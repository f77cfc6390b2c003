import { hasErrors } from "../diagnostics/diagnostic.js";
import { doubts } from "../trace/fold/answer.js";
import { noPolicy, toolList } from "../trace/fold/tool-list.js";
import type { ReadOptions, TraceInput } from "../trace/io/options.js";
import { foldInputs } from "../trace/io/replay-inputs.js";
import type { ToolList } from "../trace/tools.js";
import { CommandFailure } from "./failure.js";
import { warn } from "./load-policy.js";
import { watched } from "./load-traces.js";
import type { Terminal } from "./terminal.js";

export interface UsedTools {
  readonly usage: ToolList;
  /** Some input, line or record was not understood, or reading was stopped. */
  readonly damaged: boolean;
}

/** Counts the tools of the traces; what is wrong with those goes to stderr. @throws CommandFailure when no trace was recognised. */
export async function usedTools(
  inputs: readonly TraceInput[],
  agent: string | undefined,
  reading: ReadOptions,
  terminal: Terminal,
): Promise<UsedTools> {
  const { folded, fed } = await watched("Reading traces", terminal, (watch) =>
    foldInputs(noPolicy, inputs, { ...reading, ...watch }, { agent }),
  );
  if (folded.known.traces.length === 0) throw new CommandFailure(fed.diagnostics);
  const diagnostics = [...fed.diagnostics, ...doubts(folded)];
  warn(diagnostics, new Map(), terminal);
  const badLines = fed.inputs.reduce((sum, input) => sum + input.badLines, 0);
  return { usage: toolList(folded, badLines), damaged: hasErrors(diagnostics) || fed.partial !== undefined };
}
