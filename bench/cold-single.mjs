// Question: what does one check of a name never seen before cost, against the engines people would otherwise use?

import { answerPart, isolated } from "./harness/isolate.mjs";
import { compareAnswers, expectedCause, expectedRow, requireEqual } from "./harness/oracle.mjs";
import { compileText, decodeArtifact, lanesText, openArtifact, openEngine, openJs } from "./harness/product.mjs";
import { namesOrigin, recordedNames } from "./harness/recorded.mjs";
import { benchOptions, duration, finish, row, skippedRow, times } from "./harness/report.mjs";
import { cycle, interleave, ratio, sunk } from "./harness/rounds.mjs";
import { freshStrings, kindOf, mixedGlobs, namesFor, policyOf, policyText } from "./harness/workload.mjs";
import * as casbin from "./peers/casbin.mjs";
import * as cedar from "./peers/cedar.mjs";
import * as mnemom from "./peers/mnemom.mjs";
import * as re2 from "./peers/re2.mjs";
import * as regexp from "./peers/regexp.mjs";

const peers = [mnemom, cedar, re2, regexp, casbin.globMatch, casbin.keyMatch];

/** Least ratios by peer and number of globs; stretch where there is one. */
const targets = {
  [mnemom.name]: { 10: 30, 100: 180, 1000: 1400, 10000: 13_000 },
  [cedar.name]: { 10: 300, 100: 650, 1000: 4500, 10000: 45_000 },
  [re2.name]: { 10: 2.5, 100: 2.5, 1000: 2.5, 10000: 2.5 },
};
const stretches = { [mnemom.name]: { 10: 65, 100: 320, 1000: 2900, 10000: 32_000 } };

/** More names than the engine remembers by far (it keeps 8,192, each from its second time on), so that none is remembered. */
const poolNames = 131_072;
const checkedNames = { 10: 4000, 100: 2000, 1000: 500, 10000: 100 };

/**
 * Node 20 aborts in V8's deoptimiser when Cedar's WASM, inlined into its caller, calls back into JavaScript that is
 * deoptimised meanwhile. The flag makes our own calls into WASM dearer, so Cedar is measured against us in a process of its own.
 */
const nodeFlags = ["--no-turbo-inline-js-wasm-calls"];

const options = benchOptions();
if (options.part === undefined) ask();
else answerPart(await part(options.part.globs, options.quick, options.part.cedar));

function ask() {
  const sizes = options.quick ? [10, 100] : [10, 100, 1000, 10_000];
  const parts = sizes.map((globs) => {
    const most = isolated(import.meta.url, { globs, cedar: false }, options);
    const apart = isolated(import.meta.url, { globs, cedar: true }, options, nodeFlags);
    return {
      ...most,
      rows: [
        ...most.rows,
        ...apart.rows.map((each, i) => (i === 0 ? { ...each, name: `${each.name}, in Cedar's process` } : each)),
      ],
      notes: [...most.notes, ...apart.notes.slice(1)],
      details: { ...most.details, cedar: apart.details },
    };
  });
  const recorded = recordedNames();
  finish(
    {
      name: "cold-single",
      title: "Cold single check: an unseen name as a JavaScript string in, a frozen decision out",
      tables: parts.map(({ globs, rows, lanes }) => ({ title: `${globs.toLocaleString("en")} globs (${lanes})`, rows })),
      notes: [
        `names: ${namesOrigin(recorded)}; ${poolNames} of them, none remembered between its checks`,
        ...peers.map((peer) => `${peer.name}: ${peer.caveat}`),
        ...parts.flatMap((p) => p.notes.map((note) => `${p.globs} globs: ${note}`)),
      ],
      details: { parts: parts.map(({ details }) => details) },
    },
    options,
  );
}

async function part(globs, quick, withCedar) {
  const recorded = recordedNames();
  const texts = mixedGlobs(globs, 5, recorded);
  const policy = policyOf(texts);
  const names = freshStrings(namesFor(texts, poolNames, 99, recorded));
  const { bytes, report } = compileText(policyText(policy));
  const engine = openEngine(bytes);
  const notes = checkEngine(policy, bytes, engine, names, checkedNames[globs]);

  const candidates = [{ name: "smoltbot", run: cycle(names, (name) => engine.decide(name).verdict.length) }];
  const skipped = [];
  for (const peer of peers.filter((each) => (each === cedar) === withCedar)) {
    const candidate = await prepare(peer, policy, engine, names, checkedNames[globs], notes);
    if (candidate.skipped === undefined) candidates.push(candidate);
    else skipped.push(candidate);
  }
  const results = interleave(
    candidates,
    quick ? { rounds: 3, sampleMs: 3, warmMs: 20 } : { rounds: 9, sampleMs: 40, warmMs: 400 },
  );
  const own = results.get("smoltbot");
  const rows = [
    row("smoltbot engine.decide", own.ns, duration, { note: `10-90 %: ${duration(own.low)} to ${duration(own.high)}` }),
  ];
  for (const { name } of candidates.slice(1)) {
    const peer = results.get(name);
    const slower = ratio(peer, own);
    const [target, stretch] = [targets[name]?.[globs], stretches[name]?.[globs]];
    rows.push(row(name, slower, times, { bound: "least", target, stretch, note: `${duration(peer.ns)} a check` }));
  }
  return {
    globs,
    lanes: lanesText(report),
    rows: [...rows, ...skipped],
    notes,
    details: { globs, results: Object.fromEntries(results), sink: sunk() },
  };
}

/** Our own answer against the oracle, and that no name is answered by the name cache. */
function checkEngine(policy, bytes, engine, names, count) {
  requireEqual(
    "smoltbot",
    compareAnswers(
      names.slice(0, count),
      (name) => engine.decide(name).cause,
      (name) => expectedCause(policy, expectedRow(policy, name)),
    ),
  );
  const artifact = decodeArtifact(bytes);
  let asked = 0;
  const counting = openJs(artifact);
  const classify = counting.classify.bind(counting);
  counting.classify = (name) => {
    asked++;
    return classify(name);
  };
  const counted = openArtifact(artifact, {}, { single: counting, bulk: counting });
  const causes = new Map();
  for (let pass = 0; pass < 2; pass++) {
    for (const name of names) {
      const { cause } = counted.decide(name);
      causes.set(cause, (causes.get(cause) ?? 0) + 1);
    }
  }
  const share = asked / (2 * names.length);
  if (share < 0.99) throw new Error(`only ${(share * 100).toFixed(1)} % of the checks were cold`);
  const shares = [...causes].map(([cause, n]) => `${cause} ${((100 * n) / (2 * names.length)).toFixed(1)} %`);
  return [`${(share * 100).toFixed(2)} % of the checks were looked up; ${shares.sort().join(", ")}`];
}

/**
 * A peer that answers as we do on the globs that it reads as we do (all names equal, or it is not timed), and how far it
 * is from us on all of them. A peer that lacks `?` alone is timed on the whole policy; one that lacks more on its own.
 */
async function prepare(peer, policy, engine, names, count, notes) {
  const sample = names.slice(0, count);
  const common = restrict(policy, peer.reads);
  const commonEngine = common === policy ? engine : openEngine(compileText(policyText(common)).bytes);
  let opened;
  try {
    opened = await peer.open(common);
  } catch (error) {
    const absent = /MODULE_NOT_FOUND/.test(error.code);
    return skippedRow(peer.name, absent ? "not installed (`npm ci --prefix bench`)" : String(error.message).split("\n")[0]);
  }
  requireEqual(
    peer.name,
    compareAnswers(sample, (name) => opened.expected(commonEngine.decide(name)), opened.answer),
  );
  if (common === policy) return { name: peer.name, unit: opened.unit, run: opened.checker(names) };
  const lacksOnly = (kind) => [...kindsOf(policy)].every((k) => peer.reads(k) || k === kind);
  if (!lacksOnly("question")) {
    notes.push(`${peer.name} is timed on the ${globCount(common)} globs that it reads as we do, against us on the whole policy`);
    return { name: peer.name, unit: opened.unit, run: opened.checker(names) };
  }
  const whole = await peer.open(policy);
  const { count: differing } = compareAnswers(sample, (name) => whole.expected(engine.decide(name)), whole.answer);
  notes.push(`${peer.name}: equal on all ${count} names without \`?\` globs; with them ${differing} of ${count} names differ`);
  return { name: peer.name, unit: whole.unit, run: whole.checker(names) };
}

/** The policy without the globs whose kind is not read; the same object when all are. */
function restrict(policy, reads) {
  if ([...kindsOf(policy)].every(reads)) return policy;
  return {
    forbidden: policy.forbidden.filter(({ pattern }) => reads(kindOf(pattern))),
    capabilities: policy.capabilities
      .map(({ name, tools }) => ({ name, tools: tools.filter((glob) => reads(kindOf(glob))) }))
      .filter(({ tools }) => tools.length > 0),
  };
}

function kindsOf({ forbidden, capabilities }) {
  return new Set([...forbidden.map(({ pattern }) => pattern), ...capabilities.flatMap(({ tools }) => tools)].map(kindOf));
}

function globCount({ forbidden, capabilities }) {
  return forbidden.length + capabilities.reduce((sum, { tools }) => sum + tools.length, 0);
}
