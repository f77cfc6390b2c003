import type { Artifact } from "../artifact/artifact.js";
import type { Evaluator } from "./evaluator.js";
import { openJs } from "./js.js";
import { openWasm } from "./wasm.js";

export interface ChosenEvaluators {
  /** For one name held as a string: a call into WASM copies the name first, which costs more than a walk in JS. */
  readonly single: Evaluator;
  /** For packed batches. */
  readonly bulk: Evaluator;
  /** Why WASM is not used, where it was wanted. */
  readonly wasmUnavailable?: string;
}

/**
 * Chosen once, when the engine opens. Without WASM (no `WebAssembly`, a CSP, workerd) `auto` goes on in JS.
 * @throws what the WASM evaluator throws, when `wasm` was asked for by name.
 */
export function chooseEvaluators(artifact: Artifact, wish: "auto" | "js" | "wasm"): ChosenEvaluators {
  if (wish === "wasm") {
    const wasm = openWasm(artifact);
    return { single: wasm, bulk: wasm };
  }
  const single = openJs(artifact);
  if (wish === "js") return { single, bulk: single };
  try {
    return { single, bulk: openWasm(artifact) };
  } catch (error) {
    return { single, bulk: single, wasmUnavailable: error instanceof Error ? error.message : String(error) };
  }
}
