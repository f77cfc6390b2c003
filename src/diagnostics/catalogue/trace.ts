import type { CodeEntry } from "./entry.js";

/** Recorded runs: what goes wrong while they are found and read. Input that was not understood is never "0 violations". */
export const traceCodes = {
  trace_not_found: {
    level: "error",
    title: "no such file or folder of traces",
    meaning: "The path does not exist, or the pattern matches no file.",
    fix: "check the path; paths are relative to the current folder, and a pattern may need quotes so that the shell leaves it alone",
  },
  trace_unreadable: {
    level: "error",
    title: "traces that cannot be read",
    meaning: "The file or folder exists, but the system refuses to read it.",
    fix: "check the permissions of the file",
  },
  trace_empty: {
    level: "error",
    title: "an input without a byte of content",
    meaning: "The file or stream is empty or holds only white space.",
    fix: "record a run first, or name the file that holds one",
  },
  trace_folder_without_traces: {
    level: "error",
    title: "a folder without traces",
    meaning: "Nothing under the folder, and no file of the pattern, is a trace in a format we read.",
    fix: "name the folder that holds the recorded runs, such as one below `~/.claude/projects`",
  },
  trace_format_unknown: {
    level: "error",
    title: "a trace format that is not recognised",
    meaning: "The content is JSON, but not of a format we read. The content decides, never the extension of the file.",
    fix: "docs/traces.md lists what is read; --field names the columns of logs and tables of your own",
  },
  trace_not_json: {
    level: "error",
    title: "an input that is not JSON",
    meaning: "Neither the whole input nor any of its first lines is JSON.",
    fix: "docs/traces.md lists what is read; --field names the columns of logs and tables of your own",
  },
  trace_none: {
    level: "error",
    title: "no trace in the input",
    meaning: "The format was recognised, but the input holds no trace at all, so there is nothing to judge.",
    fix: "check that the export is complete",
  },
  trace_none_selected: {
    level: "error",
    title: "no trace left to judge",
    meaning: "Traces were read, but none of them is of the wanted agent, session and time; or reading was stopped too early.",
    fix: "widen or drop the filters",
  },
  trace_out_of_order: {
    level: "error",
    title: "standard input that is not in order of time",
    meaning:
      "Some calls were judged before it was known when their tool was first seen, or whose trace it is, and standard input cannot be read again.",
    fix: "put the traces into a file and name it, so that it can be read twice; or judge without grace by `--no-grace`",
  },
  trace_too_many: {
    level: "error",
    title: "more traces than can be told apart",
    meaning: "Every call was judged and counted, but the last traces are reported as one, and grace knows no agents of theirs.",
    fix: "name fewer files at a time",
  },
  trace_input_changed: {
    level: "error",
    title: "traces that changed while they were read",
    meaning: "The traces are larger than what is kept in memory, so they were read twice, and the second time they were others.",
    fix: "run it again on files that nobody writes to, such as a copy",
  },
  trace_bad_line: {
    level: "error",
    title: "a line that is not JSON",
    meaning: "The line was skipped and counted; a call that stood in it is not judged.",
    fix: "repair or remove the line; the rest of the input was read",
  },
  trace_bad_record: {
    level: "error",
    title: "a record without what its format requires",
    meaning: "The record is JSON but lacks what its format needs. It was skipped and counted.",
    fix: "repair or remove the record; the rest of the input was read",
  },
  trace_cut: {
    level: "error",
    title: "an input that ends in the middle",
    meaning: "The last line or document is incomplete. That is normal while the agent is still writing, and damage otherwise.",
    fix: "run the command again when the agent has finished, or restore the file",
  },
  trace_line_too_long: {
    level: "error",
    title: "a line or document that is too long",
    meaning: "One line or one JSON document is longer than 256 MiB. It was skipped and counted.",
    fix: "split the export into smaller documents, best as JSON lines",
  },
  trace_gzip_damaged: {
    level: "error",
    title: "damaged gzip data",
    meaning: "The compressed data is cut or corrupt. What could be read before the damage was read.",
    fix: "fetch or compress the file again",
  },
  trace_zstd_damaged: {
    level: "error",
    title: "damaged Zstandard data",
    meaning:
      "The compressed data is cut or corrupt, needs a dictionary, or a window of more than 128 MiB. What could be read before that was read.",
    fix: "fetch or compress the file again, without a dictionary and with a window of at most 128 MiB (`--long=27`)",
  },
  trace_too_large: {
    level: "error",
    title: "a compressed or piped file that has to be read as a whole, and is too large",
    meaning:
      "Formats that are read by position, such as Parquet, are held in memory when they come compressed or from a pipe, up to 256 MiB.",
    fix: "give the plain file by its path",
  },
  trace_worker_failed: {
    level: "error",
    title: "a reading thread that died",
    meaning:
      "A thread that read a part of the input ended twice before it was done. Reading was stopped, so the answer is not the whole truth.",
    fix: "run again with `--threads 0`; when that fails, too, more memory may help",
  },
  trace_decisions_dropped: {
    level: "warning",
    title: "more decisions than are looked at",
    meaning:
      "The traces hold more refused, approved and escalated calls than a recommendation learns from; the first ones count.",
    fix: "give fewer traces, or divide them by agent",
  },
  trace_agent_refused: {
    level: "error",
    title: "a trace that belongs to no agent it can be stored for",
    meaning:
      "A registry keeps traces by agent. This one names none and none was given for it, or names one that is no id or not of this key.",
    fix: "name the agent by `--agent`, or by `agent_id` in the request, for traces that name none",
  },
} as const satisfies Record<string, CodeEntry>;
