/** The independent answer every row of a table is checked against: globs one by one, no compiler, no automaton. */

/** Whether a glob matches a name, over code points, with one retry point: linear for any one glob however many stars. */
export function globMatches(glob, name) {
  const g = Array.from(glob);
  const n = Array.from(name);
  let i = 0;
  let j = 0;
  let retryGlob = -1;
  let retryName = 0;
  while (j < n.length) {
    if (g[i] === "*") {
      retryGlob = ++i;
      retryName = j;
    } else if (i < g.length && (g[i] === "?" || g[i] === n[j])) {
      i++;
      j++;
    } else if (retryGlob >= 0) {
      i = retryGlob;
      j = ++retryName;
    } else return false;
  }
  while (g[i] === "*") i++;
  return i === g.length;
}

/** First matching forbidden rule and first matching capability of a workload policy; -1 for none. */
export function expectedRow(policy, name) {
  return {
    forbidden: policy.forbidden.findIndex(({ pattern }) => globMatches(pattern, name)),
    capability: policy.capabilities.findIndex(({ tools }) => tools.some((glob) => globMatches(glob, name))),
  };
}

/** The decision's cause that follows from a row, for the defaults of the workload policy (fail on high, unmapped warns). */
export function expectedCause(policy, { forbidden, capability }) {
  if (forbidden >= 0) {
    const { severity } = policy.forbidden[forbidden];
    return severity === "critical" || severity === "high" ? "forbidden" : "forbidden_soft";
  }
  return capability >= 0 ? "mapped" : "unmapped_warned";
}

/**
 * Compares two answers on every name.
 * @returns the number of names, the names that differ (at most `keep` of them) and how many differ.
 */
export function compareAnswers(names, ours, theirs, keep = 3) {
  const differing = [];
  let count = 0;
  for (const name of names) {
    const a = ours(name);
    const b = theirs(name);
    if (a === b) continue;
    count++;
    if (differing.length < keep) differing.push({ name, ours: a, theirs: b });
  }
  return { names: names.length, count, differing };
}

/** Throws when answers differ: a row that answers another question is not timed. */
export function requireEqual(what, comparison) {
  if (comparison.count === 0) return comparison.names;
  const { name, ours, theirs } = comparison.differing[0];
  throw new Error(
    `${what}: ${comparison.count} of ${comparison.names} answers differ, first ${JSON.stringify(name)}: ${ours} against ${theirs}`,
  );
}

/** A row as text, for comparing. */
export function rowText({ forbidden, capability }) {
  return `${forbidden}/${capability}`;
}

/** What an evaluator says of one name, in the oracle's words; `none` is the layout's NONE. */
export function classifiedRow(evaluator, name, none) {
  return readRow(evaluator, evaluator.classify(name), none);
}

/** A row id in the oracle's words. */
export function readRow(evaluator, id, none) {
  const row = evaluator.row(id);
  return rowText({
    forbidden: row.forbidden === none ? -1 : row.forbidden,
    capability: row.capability === none ? -1 : row.capability,
  });
}

/** Rows of a packed batch, in the oracle's words. */
export function batchRows(evaluator, packed, none) {
  const ids = new Uint32Array(packed.count);
  const texts = [];
  for (let from = 0; from < packed.count; ) {
    const done = evaluator.classifyBatch(packed, from, ids);
    for (let i = from; i < done; i++) texts.push(readRow(evaluator, ids[i], none));
    if (done < packed.count) evaluator.resetRows();
    from = done;
  }
  return texts;
}
