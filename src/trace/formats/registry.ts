import { eventLane } from "../event-lane.js";
import { firstRecords } from "../json.js";
import type { LaneFormat } from "../lane.js";
import type { BlobFormat, Probe, TraceFormat } from "../reader.js";
import { agentsSdk } from "./agents-sdk.js";
import { anthropicMessages } from "./anthropic-messages.js";
import { apTrace } from "./ap-trace.js";
import { claudeCode } from "./claude-code.js";
import { claudeHooks } from "./claude-hooks.js";
import { codex } from "./codex.js";
import { copilotCli } from "./copilot-cli.js";
import { csv } from "./csv.js";
import { decisionLog } from "./decision-log.js";
import { events, withoutContents } from "./events.js";
import { geminiCli } from "./gemini-cli.js";
import { jaeger } from "./jaeger.js";
import { langfuse } from "./langfuse.js";
import { langSmith } from "./langsmith.js";
import { liteLlm } from "./litellm.js";
import { mcpJsonRpc } from "./mcp-jsonrpc.js";
import { openaiChat } from "./openai-chat.js";
import { openaiResponses } from "./openai-responses.js";
import { otlp } from "./otlp.js";
import { otlpProtobuf } from "./otlp-protobuf.js";
import { parquet } from "./parquet.js";
import { spanArray } from "./span-array.js";
import { storedRuns } from "./stored-runs.js";
import { tempo } from "./tempo.js";

/** Every format we read; on a tie the earlier one wins. A new format is one file and one entry here. */
export const formats: readonly TraceFormat[] = [
  claudeCode,
  apTrace,
  otlp,
  tempo,
  jaeger,
  spanArray,
  claudeHooks,
  codex,
  copilotCli,
  geminiCli,
  langfuse,
  mcpJsonRpc,
  agentsSdk,
  langSmith,
  liteLlm,
  openaiChat,
  openaiResponses,
  anthropicMessages,
  storedRuns,
  decisionLog,
  events,
  csv,
];

/** Every format that is not text; asked before the others, by the first bytes. */
export const blobFormats: readonly BlobFormat[] = [parquet, otlpProtobuf];

/** Formats whose lines can be read without a string or an object per line. */
export const laneFormats: readonly LaneFormat[] = [eventLane];

/** What `--trace-format` takes. */
export const formatIds: readonly string[] = [...formats, ...blobFormats].map(({ id }) => id);

/** Records a format may look at before it must make up its mind. */
export const recordsProbed = 64;

/**
 * The format that is surest of the records, or undefined when none claims them. Content decides, never the extension. The
 * arguments and results of plain events may look like anything, and whoever is called chooses them: they prove no format,
 * and a few odd records take no log of events away from its reader.
 */
export function detectFormat(probe: Probe, candidates: readonly TraceFormat[] = formats): TraceFormat | undefined {
  const bare = { ...probe, records: probe.records.map((record) => withoutContents(record, probe.fields)) };
  const surest = surestOf(bare, candidates);
  if (surest === undefined || surest === events || !candidates.includes(events)) return surest;
  const records = firstRecords(bare.records);
  const claims = (format: TraceFormat) => records.filter((each) => format.detect({ ...probe, records: [each] }) > 0).length;
  return events.detect(bare) > 0 && claims(events) > claims(surest) ? events : surest;
}

function surestOf(probe: Probe, candidates: readonly TraceFormat[]): TraceFormat | undefined {
  let surest: TraceFormat | undefined;
  let best = 0;
  for (const format of candidates) {
    const score = format.detect(probe);
    if (score > best) {
      best = score;
      surest = format;
    }
    // Nobody later can be surer, and some look deep into records.
    if (best >= 1) break;
  }
  return surest;
}

/** The same for bytes that are not text. */
export function detectBlob(
  head: Uint8Array,
  name: string,
  candidates: readonly BlobFormat[] = blobFormats,
): BlobFormat | undefined {
  let surest: BlobFormat | undefined;
  let best = 0;
  for (const format of candidates) {
    const score = format.detect(head, name);
    if (score > best) {
      best = score;
      surest = format;
    }
  }
  return surest;
}
