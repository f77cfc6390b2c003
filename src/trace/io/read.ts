import { stat } from "node:fs/promises";
import { claudeProjectFolder } from "../paths.js";
import { type TraceSet, TraceSetBuilder } from "../trace-set.js";
import { feedTraces } from "./feed.js";
import type { ReadOptions, TraceInput } from "./options.js";

/** Reads every input into one set (`feedTraces`). Memory is the columns of all calls. */
export async function readTraces(inputs: readonly TraceInput[], options: ReadOptions = {}): Promise<TraceSet> {
  const builder = new TraceSetBuilder();
  const { inputs: summaries, diagnostics } = await feedTraces(inputs, builder, options);
  return builder.finish(summaries, diagnostics);
}

/** The folder of Claude Code transcripts of a project folder, if there is one: the default of `--traces`. */
export async function defaultTraces(home: string, projectFolder: string): Promise<string | undefined> {
  const folder = claudeProjectFolder(home, projectFolder);
  const found = await stat(folder).catch(() => undefined);
  return found?.isDirectory() === true ? folder : undefined;
}
