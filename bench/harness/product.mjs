import { existsSync } from "node:fs";

/** What is measured is what ships: the modules of build/. */
const build = new URL("../../build/", import.meta.url);

if (!existsSync(new URL("index.js", build))) {
  console.error("bench: build/ is absent; run `npm run build` first");
  process.exit(1);
}

const load = (file) => import(new URL(file, build).href);

export const { parsePolicy, mergePolicies, compilePolicy, decodeArtifact } = await load("index.js");
export const { openEngine, openArtifact } = await load("engine/engine.js");
export const { chooseEvaluators } = await load("engine/auto.js");
export const { openJs } = await load("engine/js.js");
export const { openWasm } = await load("engine/wasm.js");
export const { packNames } = await load("engine/names.js");
export const { NONE } = await load("artifact/layout.js");

/** The merged policy of a policy file's text; throws its first diagnostic. */
export function mergedPolicy(text) {
  const parsed = parsePolicy(text, { file: "benchmark.yaml" });
  if (parsed.value === undefined) throw new Error(`the workload policy does not parse: ${parsed.diagnostics[0]?.message}`);
  const merged = mergePolicies({ agent: parsed.value });
  if (merged.value === undefined) throw new Error(`the workload policy does not merge: ${merged.diagnostics[0]?.message}`);
  return merged.value;
}

/** Text to artifact. */
export function compileText(text) {
  return compilePolicy(mergedPolicy(text), { clock: () => performance.now() });
}

/** Which lanes hold the globs of a report, short. */
export function lanesText({ lanes, dfa }) {
  const used = Object.entries(lanes).filter(([, count]) => count > 0);
  return used.map(([lane, count]) => (lane === "dfa" ? `dfa ${count} (${dfa.states} states)` : `${lane} ${count}`)).join(", ");
}
