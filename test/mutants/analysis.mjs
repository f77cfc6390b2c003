// biome-ignore-all format: one line a mutant
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text of a mutant is code
/**
 * Seeded mistakes of the analysis, one textual change each. `from` stands exactly once in the file. Left out on purpose: pruning less than is
 * possible, which costs states and changes no answer, and what a second check behind it makes up for.
 */
export const analysisMutants = [
  // ---- exploration ----
  { file: "src/analysis/explore.ts", what: "a name that is spelled out forgets the patterns that match it, too", from: "const row = this.#rows.join(others, literal.row);", to: "const row = literal.row;" },
  { file: "src/analysis/explore.ts", what: "names that are spelled out are counted among the patterns, too", from: "found.literals.length - found.spelledOut", to: "found.literals.length" },
  { file: "src/analysis/explore.ts", what: "a state whose least name is spelled out has no other name", from: "found.doubtful = true;", to: "" },
  { file: "src/analysis/product/automaton.ts", what: "`?` does not take letters that other globs write out", from: "for (let i = any; i < end; i += 2) this.#advance(this.#items[i], this.#items[i + 1]);\n      const target", to: "const target" },
  { file: "src/analysis/product/automaton.ts", what: "a state forgets what ends in it", from: "this.rows.push(ends ? this.#rows.join(certain, rows[last]) : certain);", to: "this.rows.push(certain);" },
  { file: "src/analysis/product/automaton.ts", what: "states that can still meet what is required are left out", from: "if (!stars.hopeful[reached] && !this.#isHopeful()) {", to: "if (!stars.hopeful[reached]) {" },
  { file: "src/analysis/product/automaton.ts", what: "the edges of a root go before a state's own", from: "a <= b ? own.targets[i] : more.targets[j]", to: "a < b ? own.targets[i] : more.targets[j]" },
  { file: "src/analysis/product/rows.ts", what: "ranks that are equal are not forgotten, greater ones are kept", from: "this.#scratch[i] = cells[p] < cells[q] ? cells[p] : cells[q];", to: "this.#scratch[i] = cells[p] < ABSENT ? cells[p] : cells[q];" },
  { file: "src/analysis/product/graph.ts", what: "all code points but the written ones count as one more", from: "visit(edges.rest, pointCount - edges.ranks.length)", to: "visit(edges.rest, pointCount)" },
  { file: "src/analysis/product/graph.ts", what: "the empty text counts as a name", from: "if (answer >= 0 && state !== this.start) sizes", to: "if (answer >= 0) sizes" },
  { file: "src/analysis/product/points.ts", what: "U+FFFD stands in valid names", from: "(point < 0xd800 || point > 0xdfff) && point !== 0xfffd", to: "(point < 0xd800 || point > 0xdfff)" },
  { file: "src/analysis/product/completion.ts", what: "past the budget, names may meet better ranks than those looked for", from: "if ((row[c] as number) < rank) role = AVOID;", to: "if ((row[c] as number) < rank) role |= 0;" },
  // ---- a policy as rows ----
  { file: "src/analysis/side.ts", what: "a capability that the card refuses is no violation to count", from: "hard || named === 0 || exceeded !== undefined || unmappedFails", to: "hard || named === 0 || unmappedFails" },
  { file: "src/analysis/side.ts", what: "what is denied anyway counts as mapped", from: "if (decided && !countsMatter) row", to: "if (decided) row" },
  { file: "src/analysis/side.ts", what: "conditions are settled while a stronger one is open", from: "for (const term of this.#terms) if (term.action < trigger) for", to: "for (const term of this.#terms) if (term.action + 1 < trigger) for" },
  { file: "src/analysis/side.ts", what: "org counts calls that an agent maps as mapped", from: "(capability?.org === true ? 0 : 1)", to: "(capability === undefined ? 1 : 0)" },
  { file: "src/analysis/side.ts", what: "a condition holds when one of its globs matches", from: "if (row[offset + bit] === ABSENT) return false;\n  return true;", to: "if (row[offset + bit] !== ABSENT) return true;\n  return bits.length === 0;" },
  { file: "src/analysis/priors.ts", what: "counts just below a test are like all smaller ones", from: "[value - 1, value, value + 1]", to: "[value, value + 1]" },
  { file: "src/analysis/priors.ts", what: "sessions with fewer calls unmapped by org than unmapped at all", from: "Math.max(o.low, unmappedCount)", to: "o.low" },
  { file: "src/analysis/outcome.ts", what: "a milder mode is not weaker", from: "actions.indexOf(after.action) - actions.indexOf(before.action),", to: "" },
  { file: "src/analysis/outcome.ts", what: "a pause for approval is no stricter than a warning", from: "enforced(after) - enforced(before),", to: "" },
  { file: "src/analysis/subject.ts", what: "rules of an artifact stand in the order of their ranks", from: "Number(a.layer === \"agent\") - Number(b.layer === \"agent\") || a.index - b.index", to: "0" },
  { file: "src/analysis/confirm.ts", what: "witnesses are confirmed by their verdict alone", from: "outcomeKey(own) !== outcomeKey(bare)", to: "own.verdict !== bare.verdict" },
  // ---- comparison ----
  { file: "src/analysis/diff/comparison.ts", what: "the milder fail_on settles both sides", from: "severities[Math.max(low, high)]", to: "severities[Math.min(low, high)]" },
  { file: "src/analysis/diff/comparison.ts", what: "one change of how unmapped tools are treated hides the other defaults", from: "this.fields.every((field) => field.startsWith(\"unmapped_\"))", to: "this.fields.some((field) => field.startsWith(\"unmapped_\"))" },
  { file: "src/analysis/diff/changed-parts.ts", what: "a forbidden rule of another severity is the same rule", from: "key: `${strength} ${text}`, subject: text", to: "key: text, subject: text" },
  { file: "src/analysis/diff/changed-parts.ts", what: "capabilities that changed places are unchanged", from: "for (const i of longestAscending(common.map(({ to }) => to))) {", to: "for (const i of common.keys()) {" },
  { file: "src/analysis/diff/changed-parts.ts", what: "org's and the agent's counts of unmapped tools are one", from: "count === \"unmapped_tool_count\" ? `${layer} ${count}` : count", to: "layer === \"org\" ? count : count" },
  { file: "src/analysis/diff/outcome-changes.ts", what: "the last of several sets gives the number of names", from: "else if (size !== undefined) sum += size;", to: "else if (size !== undefined) sum = size;" },
  { file: "src/analysis/diff/circumstances.ts", what: "grace that one side gives is compared with none", from: "both.every(({ gracePeriodHours }) => gracePeriodHours.value > 0)", to: "both.some(({ gracePeriodHours }) => gracePeriodHours.value > 0)" },
  { file: "src/analysis/diff/causes.ts", what: "an unchanged rule as strong does not hide a changed one", from: "changed.length < firing.length && !counts ? [] : changed", to: "changed.length < firing.length ? [] : changed" },
  { file: "src/analysis/floor.ts", what: "a trigger that counts the violation of being unmapped breaks the floor", from: "isNewlyMapped(change) || areNewlyMapped(change, before, after, options)", to: "isNewlyMapped(change)" },
  // ---- lint ----
  { file: "src/analysis/lint/liveness.ts", what: "of two equal rules both are dead", from: "ground.remove(unit);", to: "" },
  { file: "src/analysis/lint/dominance.ts", what: "a milder forbidden rule shadows a more severe one", from: "severities.indexOf(by.rule.severity) >= severities.indexOf(unit.rule.severity)", to: "severities.indexOf(by.rule.severity) <= severities.indexOf(unit.rule.severity)" },
  { file: "src/analysis/lint/dominance.ts", what: "a later capability shadows an earlier one", from: "return a.id < b.id;", to: "return a.id > b.id;" },
  { file: "src/analysis/lint/dominance.ts", what: "a soft forbidden rule refuses", from: "return isHard(ground, unit.rule.severity);", to: "return true;" },
  { file: "src/analysis/lint/ground.ts", what: "calls in grace are left out", from: "givesGrace(policy) ? [false, true] : [false]", to: "[false]" },
];
