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
/** Kinds of sessions a comparison looks at when triggers test counts: each is judged for every kind of name. */
export const priorsMax = 1_024;
/** States of one exploration of all names: about 100 MB. Beyond it answers are decided one by one, which large policies mostly are sooner. */
export const explorationStatesMax = 96_000;
/** Automaton items one exploration looks at: two or three seconds. */
export const explorationWorkMax = 40_000_000;
/** Items the searches for single answers look at, for all answers of a question together: some seconds. */
export const openAnswersWorkMax = 160_000_000;
/** Cases of one file of policy tests; each is a line of a report. */
export const suiteCasesMax = 100_000;
/** Calls of all its cases: each is judged twice, and with a case of its own takes about 5 KB until it is reported. */
export const suiteCallsMax = 200_000;
/** Rules under `not_rule`, counted again for each call they are asked about: each may be a finding of about 300 bytes. */
export const suiteNotRulesMax = 500_000;
/** Kinds of names (joins of the rows of a question's globs) that are decided one by one where an exploration is over its budget. */
export const reachTargetsMax = 20_000;
/** Names of rules compared with mistaken ones in policy tests, for "did you mean": about a second. Later mistakes get no guess. */
export const suiteGuessesMax = 100_000;
/** Calls of one session in policy tests: the specification takes steps in proportion to their square. */
export const suiteSessionCallsMax = 5_000;
/** States of one question that lint asks about a rule: some 10 MB. Policies people write need a few hundred. */
export const lintStatesMax = 20_000;
/** Automaton items looked at for one question of lint: a few tenths of a second. */
export const lintWorkMax = 2_000_000;
/** The same for all questions about one policy: about ten seconds; further questions are reported as not decided. */
export const lintTotalWorkMax = 120_000_000;
/** Automaton items that single answers may cost, over all questions about one policy, where an exploration was given up: some seconds. */
export const lintOpenWorkMax = 8_000_000;
/** Lines by which two stretches of text may differ before a diff shows one as replaced by the other: its memory is the square. */
export const diffEditsMax = 1_000;
/** Times `policy lint --fix` looks again at what it changed: removals that hide each other end long before. */
export const lintFixRoundsMax = 10;
/** Refused, approved and escalated calls a recommendation learns from, about 100 bytes each; later ones are counted and said. */
export const decidedCallsMax = 500_000;
/** Names times rules that lint puts to the whole specification; after that, to the rules that share a piece with the name. */
export const lintFullChecksMax = 200_000;
/** Names shown with a finding of lint. */
export const lintWitnessesMax = 3;
/** Rules named with a finding of lint; the rest is counted. */
export const lintRelatedMax = 5;
/** Globs that names to try are made of where an exploration stopped: each name is matched with all globs. */
export const candidateGlobsMax = 500;
/** Globs of a recommendation that one exploration proves: each is a rank of a row component. */
export const recommendGlobsMax = 4_096;
/** Names kept of one change between two policies, shortest first; each is judged once more by the specification. */
export const changeNamesMax = 5;
/** Code units of a tool name that lint offers in place of a glob; comparing takes the product of both lengths. */
export const guessedNameUnitsMax = 512;
/** States of a comparison that tells changed rules apart: each of them is a rank. Past it causes are looked for name by name. */
export const causesStatesMax = 4_000;
/** Automaton items of the same: a fifth of a second. */
export const causesWorkMax = 1_000_000;
/** States of a comparison by what capabilities ask of a card: with each list of actions a rank, they are many. A second. */
export const requirementStatesMax = 16_000;
/** Automaton items of the same. */
export const requirementWorkMax = 4_000_000;
/** Rounds in which lint looks for a name that needs a rule, before it looks at all names: it is found in the first ones, or never. */
export const lintRoundsMax = 12;
/** Names that share most pieces with a mistyped glob; only those are measured letter by letter. */
export const measuredNamesMax = 24;
/** Stars of a glob that are filled in each way to find a name its author did not mean; three are 216 names. */
export const filledStarsMax = 3;
/** States of all explorations that prove the globs of a recommendation; after that, a proof that is too large is not divided any more. */
export const recommendStatesMax = 1_600_000;
/** UTF-8 bytes of a name inside a database index; longer ones are indexed by digest. PostgreSQL takes 2,704 bytes for all columns of an entry together. */
export const storedKeyBytesMax = 512;
/** Milliseconds a write waits for another process to finish its own on one SQLite file; bulk imports take a second or two. */
export const storeLockWaitMs = 5_000;
/** Milliseconds one statement may take in PostgreSQL: a stuck one must not keep a connection for ever. */
export const storeStatementMs = 30_000;
/** Rows of the change feed that are kept: who was away for longer looks at everything again. */
export const storeChangesMax = 10_000;
/** Compiled SQL statements kept per SQLite connection: each some 10 KB; the interface has about a hundred. */
export const storeStatementsMax = 256;
/** Times a PostgreSQL transaction is run again after a deadlock, a lost race or a lost connection. */
export const storeRetriesMax = 5;
/** Compiled engines a server keeps, and agents it remembers the policy of; with caches of names each engine takes about 250 KB. */
export const enginesMax = 10_000;
/** All of them together, as estimated: some 900 engines of small policies. */
export const engineBytesMax = 256 * 1024 * 1024;
/** Parsed cards kept. */
export const cardsKeptMax = 10_000;
/** Transactions kept, and as many sessions of which it is known which transactions bind them. */
export const transactionsKeptMax = 20_000;
/** Transactions that bind one session, all of which judge each of its calls; with more of them everything is denied. */
export const sessionTransactionsMax = 32;
/** Sessions whose calls are counted; the ones that called least recently are forgotten. About 200 bytes each. */
export const sessionsKeptMax = 100_000;
/** Code units of their names together: callers choose them, up to 2,000 each. */
export const sessionUnitsKeptMax = 16 * 1024 * 1024;
/** First sightings kept in memory, over all agents: about 100 bytes each. */
export const sightingsKeptMax = 500_000;
/** Of one agent: an agent that makes up names pushes out its own. */
export const sightingsOfAgentKeptMax = 10_000;
/** Sightings that wait to be stored; with a store that is down for longer, further ones are lost and counted. */
export const sightingsPendingMax = 100_000;
/** Inline policies kept compiled: whoever tests one sends it again and again. */
export const inlinePoliciesMax = 64;
/** Text of all of them, in code units; what is compiled takes a few times that. */
export const inlinePolicyUnitsMax = 16 * 1024 * 1024;
/** Nesting of a JSON body: a policy inside a question needs 8. */
export const jsonDepthMax = 64;
/** Credentials and classes whose requests are counted at a time, about 150 bytes each. */
export const rateWindowsMax = 10_000;
/** Requests in progress: most end within a turn, so these wait for a database, or for bodies to arrive. */
export const requestsInFlightMax = 1_024;
/** Work that one turn of the event loop begins; what is left of the requests that had arrived is answered 503. */
export const turnWorkMsMax = 50;
/** API keys kept, about 500 bytes each; a key that is not kept costs a query. */
export const keysCachedMax = 10_000;
/** Ids kept that are no keys, so that asking with one again costs no query. */
export const unknownKeysCachedMax = 10_000;
/** How long a key is good that cannot be looked up: evaluations go on while the database is away, revocations do not arrive. */
export const keyStaleMsMax = 5 * 60_000;
/** Requests with no valid key, of one address and minute: each may cost a query. */
export const authFailuresPerMinuteMax = 60;
/** Header lines of a request; browsers send about 20. */
export const requestHeadersMax = 100;
/** All header lines together. */
export const requestHeaderBytesMax = 16 * 1024;
/** Time for a client to send its headers. */
export const headersMsMax = 10_000;
/** Time in which something of a body has to arrive. */
export const bodyIdleMsMax = 10_000;
/** Time for a JSON body or a document: 16 MiB at 2 Mbit/s. */
export const bodyReadMsMax = 60_000;
/** Time for a whole request, traces included. */
export const requestReadMsMax = 10 * 60_000;
/** Time in which a client has to take something of its answer: what waits for it counts as a request in progress. */
export const sendIdleMsMax = 30_000;
/** Connections of one server process: each holds a file descriptor, of which systems give 1024 to begin with. */
export const connectionsMax = 4_096;
/** Tools of one request to evaluate or explain, and globs of a guardrail: a session of agents has hundreds. */
export const toolsPerRequestMax = 10_000;
/** JSON body of a request, decompressed; each may be waiting in memory at once. */
export const requestBytesMax = 512 * 1024;
/** Traces of one request, decompressed: read as a stream, some seconds of work. */
export const ingestBytesMax = 256 * 1024 * 1024;
/** Names by which a published artifact is compared with the specification before it is stored. */
export const verifiedNamesMax = 64;
/** Names times globs of the same comparison: some tenths of a second for the largest policies. */
export const verifiedWorkMax = 400_000;
/** Times a publish is verified again because the org's policy moved meanwhile. */
export const publishRoundsMax = 5;
/** Time an org's publish takes to prove the floor of its agents one by one; the rest holds by the way layers merge, and is named. */
export const orgFloorsMsMax = 2_000;
/** Source bytes of both layers beyond which an org's publish also compiles the agent's: only such artifacts can be too large. */
export const recompiledBytesMin = 2 * 1024 * 1024;
/** Rows of one statement that writes: with ten columns a sixth of the variables SQLite takes, and some milliseconds. */
export const storeBlockRows = 500;
/** Recorded calls read by one statement and handed out as one block: some ten milliseconds in SQLite, which answers on the only thread. */
export const storeCallsBlock = 2_000;
/** Recorded calls held while runs that were open at one time are put in order: 10 MB. Each open run has its share, at least 16. */
export const storeCallsHeld = 20_000;
/** Recorded runs read by one statement. */
export const storeTracesBlock = 500;
/** Agents whose runs are looked up one by one, each in its index; of more, the runs of the whole org are looked through. */
export const storeAgentsEach = 32;
/** Looks of calls without an id that one body remembers, 100 bytes each, to tell apart those that look the same. */
export const alikeCallsMax = 200_000;
/** Code units of an API key's name: a line of a list. */
export const keyNameLengthMax = 128;
/** Agents that a key is limited to: each request looks through them. */
export const keyAgentsMax = 1_000;
/** Agents of one team; a recommendation reads the runs of all of them. */
export const teamAgentsMax = 10_000;
/** Milliseconds between two writes of when a key was last used: every request would be a write otherwise. */
export const keyUseStepMs = 60_000;
/** Keys whose last use is remembered, some 100 bytes each; then all are written once more. */
export const keyUsesKeptMax = 10_000;
/** Milliseconds between looks at the changes of other processes on one SQLite file: some 20 microseconds each. */
export const storePollMs = 200;
/** The same for PostgreSQL, which also tells of them: this is for when it cannot. */
export const storePollPostgresMs = 500;
/** Changes read at once: some 200 KB. */
export const storeChangesBlock = 1_000;
/** Milliseconds without a look at the changes after which a feed says that answers may be old. */
export const storeFeedStaleMs = 1_000;
/** Calls of one ingestion that wait for their trace to name its agent, about 200 bytes each; past it they get the agent of the request. */
export const ingestWaitingCallsMax = 100_000;
/** Traces of one ingestion that are named as not stored; the rest is counted. */
export const ingestFindingsMax = 20;
/** Days of a historical evaluation, as documented. */
export const historicalDaysMax = 30;
/** Violations listed in the answer of one, about 500 bytes each; all are counted. */
export const historicalViolationsMax = 1_000;
/** Calls it keeps before it counts and forgets: the store knows every first use, so nothing is judged too early; blocks let others in. */
export const bufferedHistoricalCallsMax = 8_192;
/** First sightings of an agent that a command reads, 100 bytes each; an agent with more gets no grace there, and is told so. */
export const firstSightingsMax = 100_000;
/** States of one comparison that a server is asked for: a second. What is beyond is answered as not decided. */
export const askedStatesMax = 32_000;
/** Automaton items of the same. */
export const askedWorkMax = 12_000_000;
/** The same for answers that are decided one by one. */
export const askedOpenWorkMax = 12_000_000;
/** Globs of both layers that a server lints: two seconds at worst. The command takes its time for any number. */
export const lintAskedGlobsMax = 1_000;
/** States of one question that lint asks there. */
export const lintAskedStatesMax = 4_000;
/** Automaton items of the same. */
export const lintAskedWorkMax = 200_000;
/** Tools a server's recommendation learns from, the most called ones: proving their globs takes a second. */
export const recommendToolsMax = 1_000;
/** Findings about agents that an org's publish answers with. */
export const agentFindingsMax = 100;
/** Tools of one policy whose answers are kept as text; a policy with more is asked for its usual ones, and they come back. */
export const preparedToolsMax = 4_096;
/** Characters of these answers over all policies, objects counted: about 64 MB. */
export const preparedUnitsMax = 32 * 1024 * 1024;
/** Longer names are judged each time, so that hostile ones cannot fill the memory. */
export const preparedNameUnitsMax = 256;
/** Source bytes of both layers up to which an org's publish proves the floor of an agent: beyond it the proof takes seconds. */
export const orgFloorBytesMax = 256 * 1024;
/** Rows of one answer that comes in pages. */
export const perPageMax = 100;
/** Pages one can ask for: the number of the first row stays exact in every database. */
export const pageMax = 1_000_000_000;
/** Code units of the policies of a request up to which they are read, merged and compiled on the thread that answers: 0.2 s at worst. */
export const inPlaceUnitsMax = 64 * 1024;
/** Policy texts above `inPlaceUnitsMax` that are kept parsed on a thread: one of an org and one of an agent, before and after. */
export const parsedTextsMax = 4;
/** Code units of a task from which it has a thread with its own kind only: one of 12 MB takes 40 s, and small ones do not wait for it. */
export const largeTaskUnitsMin = 1024 * 1024;
/** Time for one task: the largest policies that people may publish take 40 s. */
export const taskMsMax = 120_000;
/** Tasks that wait for one of the two threads. */
export const tasksWaitingMax = 256;
/** Code units of them together: each holds its texts. */
export const tasksWaitingUnitsMax = 64 * 1024 * 1024;
/** Memory of one thread for what lives longer than a moment: the largest policies take about 1 GB. */
export const taskHeapMb = 3_072;
/** Time without a task after which a thread is given up, with all the memory it has taken. */
export const taskThreadIdleMs = 30_000;
