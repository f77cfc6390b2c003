/**
 * Every cap of the engine in one place: the unit is in the name, the reason beside it.
 * A cap bounds what we accept or keep; none of them makes a rule stop applying (semantics G2).
 */

/** A policy file; larger than any 100,000-glob policy people write by hand or generate. */
export const policyBytesMax = 16 * 1024 * 1024;
/** Nesting of YAML/JSON collections; a legal policy needs 5, a card a few more. */
export const documentDepthMax = 16;
/** Distinct and repeated globs of one layer, over all sections. The compiler is bounded for all of them. */
export const policyGlobsMax = 100_000;
/** UTF-8 bytes of one glob. MCP says tool names SHOULD stay under 128; hosts add prefixes. */
export const globBytesMax = 256;
/** `*` and `?` in one glob, after runs are collapsed. */
export const globWildcardsMax = 32;
/** UTF-8 bytes of one condition text. */
export const conditionBytesMax = 4096;
/** Parentheses inside parentheses of one condition. */
export const conditionDepthMax = 32;
/** Terms of one condition in disjunctive form; `(a or b) and (c or d) and ...` doubles with each factor. */
export const conditionTermsMax = 64;
/** Terms per layer that join several globs, or globs and counts; they are matched one by one (semantics E7). */
export const guardedTermsMax = 256;
/** Capabilities, forbidden rules or triggers of one layer. */
export const rulesMax = 100_000;
/** Names, reasons and descriptions, UTF-8 bytes. */
export const textBytesMax = 4096;
/** Grace period cap, one year (semantics D6). */
export const graceHoursMax = 8760;
/** Diagnostics shown in full; the rest are counted (semantics D8). */
export const diagnosticsShownMax = 50;
/** A compiled artifact we are willing to load. */
export const artifactBytesMax = 64 * 1024 * 1024;
/** Combined rows kept for names whose lanes join to a row that is not in the artifact. */
export const dynamicRowsMax = 65_536;
/** One line of a trace file. Longer lines are reported and skipped: V8 strings end at about 512 MiB. */
export const traceLineBytesMax = 256 * 1024 * 1024;
/** Parquet and the like when compressed or piped: they are read by position, so they are held in memory. */
export const traceBlobBytesMax = 256 * 1024 * 1024;
/** Window of a Zstandard frame, which is memory: what its own tools take without being asked (level 19 and `--long`). */
export const zstdWindowBytesMax = 128 * 1024 * 1024;
/** Call ids remembered to count a call once, over all inputs: 64 MB. Beyond it those that were met least recently are forgotten. */
export const callIdsMax = 4_000_000;
/** Wrapper tools inside wrapper tools that are looked through; gateways are chained twice at most. */
export const wrapperDepthMax = 4;
/** Inputs below this together are read without threads: starting those takes longer. */
export const threadedBytesMin = 256 * 1024 * 1024;
/** Least of a file of lines that one thread takes at a time: names are told anew with each piece. */
export const rangeBytesMin = 8 * 1024 * 1024;
/** Most of it: results wait in memory for those of the pieces before. */
export const rangeBytesMax = 64 * 1024 * 1024;
/** Threads that read traces: beyond it the one thread that counts is what holds them up. */
export const traceWorkersMax = 8;
/** Traces of an export held open because a parent may come after its child; exports are ordered by time, runs last minutes. */
export const exportTracesOpenMax = 4096;
/** Observations of one open trace; beyond it the trace is settled early, and a call inside a call may count twice. */
export const exportObservationsOpenMax = 200_000;
/** One CSV row, in characters: a quote that is never closed must not swallow the rest of the file. */
export const csvRowLengthMax = 1024 * 1024;
/** Example places kept of a finding, a rule, a tool: enough to look one up, and they are stored for each. */
export const placesMax = 3;
/** Calls that a replay keeps in columns (29 bytes each) before it counts them and forgets them. */
export const bufferedCallsMax = 2_000_000;
/** The same where all traces are judged and the inputs can be read again: counting at once is faster, and rarely too early. */
export const unlimitedBufferedCallsMax = 262_144;
/** Findings of single traces kept with their places (a trace, a tool, what is said of it); about 100 bytes each. */
export const traceFindingsMax = 200_000;
/** Pairs of a trace and a tool without findings, 21 bytes each, to count the traces of a tool; beyond it those are at least. */
export const tracePairsMax = 1_000_000;
/** Traces told apart in a replay, about 300 bytes each; calls of further ones are counted as one trace, and an error says so. */
export const tracesMax = 4_000_000;
/** Traces listed one by one in a replay report, failing ones first; all are counted. */
export const tracesListedMax = 5_000;
/** Findings listed with the traces of a replay report, about 1 KB each as JSON; traces beyond it are listed without theirs. */
export const findingsListedMax = 50_000;
/** Traces a report names as failing most. */
export const topFailingMax = 10;
/** Tools named with a rule, and raw names named with a tool. */
export const rowExamplesMax = 5;
/** New tools a report lists, latest first. */
export const newToolsMax = 1_000;
/** Bars of a timeline: more cannot be told apart on a page. */
export const timelineBucketsMax = 240;
/** Tools an HTML report carries, about 400 bytes each; those that do not pass before others. A browser sorts as many at once. */
export const htmlToolsMax = 20_000;
/** Traces an HTML report carries, the worst first; their findings weigh more than tools. */
export const htmlTracesMax = 5_000;
/** Findings an HTML report carries with its traces, about 250 bytes each; the worst traces keep theirs, the others their counts. */
export const htmlFindingsMax = 20_000;
/** Rows of one table in an HTML report for a browser without scripts; with scripts all rows are within reach. */
export const htmlRowsMax = 200;
/** A pull-request comment, in characters: what GitHub takes. */
export const markdownLengthMax = 65_536;
/** Results of one SARIF run: GitHub shows no more, and refuses five times as many. */
export const sarifResultsMax = 5_000;
/** Calls and endings of conversations remembered to find what a request log repeats; older ones are new when they return. */
export const conversationLinksMax = 200_000;
/** What is kept of spans whose traces may still go on, as estimated: some 60,000 spans. Beyond it the oldest trace is decided. */
export const openSpanBytesMax = 24 * 1024 * 1024;
/** A request of spans that the WASM cutter takes, which needs twice as much memory; longer ones are parsed. */
export const cutBytesMax = 16 * 1024 * 1024;
/** Bytes of an input that are parsed before the cutter is started: it takes a millisecond and a mebibyte to be there. */
export const cutAfterBytes = 64 * 1024;
/** Tool spans above a tool span that it is compared with; real nesting is two or three deep. */
export const toolAncestorsMax = 64;
/** Decisions on tool calls that wait for the event of the result; a session has a handful open at a time. */
export const waitingDecisionsMax = 10_000;
/** Rows of a Parquet file decoded at a time: a row group at most, and never more than about 200 MB of columns. */
export const parquetRowsMax = 1_000_000;
/** Distinct tools, agents or traces a fast lane remembers, as a power of two: 2^17 traces are 18 MB in each thread. */
export const laneNameBitsMax = 17;
/** Calls of runs held until their trace is complete, for a run log to say which model calls its tool runs repeat. */
export const heldCallsMax = 50_000;
/** Bytes of the records those calls came from; with them arguments are held. Beyond either cap the oldest trace is settled. */
export const heldBytesMax = 64 * 1024 * 1024;
/** Requests of one connection or session remembered until they are answered or carried out; real ones have a handful open. */
export const requestsOpenMax = 10_000;
/** Stars of a glob that `policy bench` tries as a regular expression: with more, one name can take minutes. */
export const benchStarsMax = 3;
/** Code units of a name that `policy bench` measures: a regular expression with three stars takes time cubic in them. */
export const benchNameUnitsMax = 256;
/** Recorded calls `policy bench` goes through, the first ones: more would only fill the memory. */
export const benchCallsMax = 1_000_000;
