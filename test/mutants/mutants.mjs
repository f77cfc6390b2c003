// biome-ignore-all format: one line a mutant
/**
 * Seeded mistakes, one textual change each. `from` stands exactly once in the file. Left out on purpose: what only matters
 * when two 32-bit hashes collide (the exact comparisons behind the hash tables of subset.ts and minimize.ts).
 */
export const mutants = [
  // ---- determiniser ----
  { file: "src/compiler/subset.ts", what: "a state forgets what its final items add", from: "if (step[items.residuals[i]] === STEP_END) row =", to: "if (step[items.residuals[i]] === STEP_LEAD) row =" },
  { file: "src/compiler/subset.ts", what: "items of one residual replace each other instead of joining", from: "this.rows[kept - 1] = algebra.join(this.rows[kept - 1], this.rows[i]);", to: "this.rows[kept - 1] = this.rows[i];" },
  { file: "src/compiler/subset.ts", what: "a `?` ends after the first byte of its character", from: "if (loop[residual] === LOOP_CONTINUATION) continuation.push(residual, row);", to: "" },
  { file: "src/compiler/subset.ts", what: "new stars do not prune the items beside them, and prune too much", from: "items.rows[i] = stars.remaining(reached, items.residuals[i], items.rows[i]);", to: "items.rows[i] = 0;" },
  { file: "src/compiler/nfa.ts", what: "`?` also matches a lone continuation byte", from: "steps.push(STEP_LEAD);\n        loops.push(LOOP_CONTINUATION);", to: "steps.push(STEP_LEAD);\n        loops.push(LOOP_NONE);" },
  { file: "src/compiler/nfa.ts", what: "globs with one rest keep only the last row", from: "rows.set(residual, algebra.join(rows.get(residual) ?? 0, glob.row));", to: "rows.set(residual, glob.row);" },
  { file: "src/compiler/star-set.ts", what: "a star prunes itself", from: "for (let at = star[residual]; at >= 0 && left !== 0; at = star[at]) {\n      if (rowAt[at]", to: "for (let at = residual; at >= 0 && left !== 0; at = star[at]) {\n      if (rowAt[at]" },
  { file: "src/compiler/star-set.ts", what: "a star that is reached again forgets its first row", from: "rowAt[added[i]] = this.#algebra.join(rowAt[added[i]], added[i + 1]);", to: "rowAt[added[i]] = added[i + 1];" },
  { file: "src/compiler/minimize.ts", what: "refinement stops after the first round", from: "dirty.push(before);", to: "" },
  { file: "src/compiler/minimize.ts", what: "states are told apart by their hash alone, never by their row", from: "const id = ids.get(row) ?? ids.size;\n    ids.set(row, id);\n    return id;", to: "ids.set(row, 0);\n    return 0;" },
  // ---- lanes and plan ----
  { file: "src/compiler/rows.ts", what: "join keeps the left capability", from: "Math.min(c[a * 4 + 2], c[b * 4 + 2]),", to: "c[a * 4 + 2]," },
  { file: "src/compiler/plan.ts", what: "forbidden rules rank mildest first", from: "-severities.indexOf(r.severity)", to: "severities.indexOf(r.severity)" },
  { file: "src/compiler/literals.ts", what: "a literal forgets the globs that match it, too", from: "row: rows.join(literal.row, row)", to: "row: literal.row" },
  // ---- merge ----
  { file: "src/policy/merge.ts", what: "the agent's entries rank before org's", from: "const present = [org, agent].filter", to: "const present = [agent, org].filter" },
  { file: "src/policy/merge.ts", what: "the agent's mode replaces org's", from: 'field("enforcement_mode", enforcementModes, ', to: 'field("enforcement_mode", ["enforce", "warn", "off"], ' },
  { file: "src/policy/merge.ts", what: "the longer grace wins", from: "own.value < floor.value", to: "own.value > floor.value" },
  { file: "src/policy/merge.ts", what: "what org left out is not a floor", from: "return org === undefined ? (own ?? floor) : strictest(scale, floor, own);", to: 'return org === undefined || floor.layer === "default" ? (own ?? floor) : strictest(scale, floor, own);' },
  { file: "src/policy/merge.ts", what: "rules of one pattern collapse, whatever their severity", from: "JSON.stringify([pattern.glob.source, reason, severity])", to: "JSON.stringify([pattern.glob.source])" },
  { file: "src/policy/merge.ts", what: "the higher fail_on wins", from: 'field("fail_on", [...severities].reverse(), ', to: 'field("fail_on", severities, ' },
  // ---- judge ----
  { file: "src/engine/judge.ts", what: "grace softens trigger denials", from: 'if (trigger === "deny") return "escalation_denied";', to: 'if (trigger === "deny" && !facts.inGrace) return "escalation_denied";' },
  { file: "src/engine/judge.ts", what: "a soft match spares a tool the card", from: "if (mapped && facts.exceeded)", to: 'if (mapped && facts.exceeded && forbidden !== "soft")' },
  { file: "src/engine/judge.ts", what: "invalid names pass unless something else fails them", from: 'if (facts.invalid) return "invalid_tool_name";', to: "" },
  { file: "src/engine/judge.ts", what: "escalation needs no approval in enforce mode", from: 'return cause === "escalated" ? "escalate" : "warn";', to: 'return "warn";' },
  { file: "src/engine/judge.ts", what: "a missing guardrail is judged like any failure", from: 'if (cause === "guardrail_missing") return "deny";', to: "" },
  { file: "src/engine/rules.ts", what: "fail_on is exclusive", from: "severities.indexOf(forbidden.get(rank).severity) < failOn", to: "severities.indexOf(forbidden.get(rank).severity) <= failOn" },
  { file: "src/engine/calls.ts", what: "org's triggers count agent mappings as mapped", from: "unmappedOrg: facts.capability === NONE || facts.capability >= this.rules.orgCapabilities,", to: "unmappedOrg: facts.capability === NONE," },
  { file: "src/engine/session.ts", what: "counts do not include the present call", from: 'case ">=":\n      return n >= value;', to: 'case ">=":\n      return n > value;' },
  { file: "src/policy/grace.ts", what: "grace includes its last moment", from: "nowMs < expiryMs", to: "nowMs <= expiryMs" },
  { file: "src/policy/card.ts", what: "a bounded action is granted although the card forbids it", from: "forbidden.has(action) || !bounded.has(action)", to: "!bounded.has(action)" },
];
