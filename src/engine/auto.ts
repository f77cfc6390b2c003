import type { Artifact } from "../artifact/artifact.js";
import {
  FLAG_GRAM3,
  FLAG_GRAM4,
  FLAG_LENGTH,
  FLAG_PARALLEL,
  FLAG_PREFIX,
  FLAG_SUFFIX,
  HEADER_FLAGS,
} from "../artifact/layout.js";
import { wordAt } from "../artifact/sections.js";
import type { Evaluator } from "./evaluator.js";
import { openJs } from "./js.js";
import { openWasm } from "./wasm.js";

export interface ChosenEvaluators {
  /**
   * For one name held as a string. A call into WASM copies the name first, which costs more than the walk of one automaton
   * saves; the indexed lanes do enough work a name to be worth the copy (bench/, "single checks").
   */
  readonly single: Evaluator;
  /** For packed batches. With `auto` and a small policy it is opened when it is first asked for: many processes check single names only. */
  readonly bulk: Evaluator;
  /** Why WASM is not used, where it was wanted. */
  readonly wasmUnavailable?: string | undefined;
}

const indexedLanes = FLAG_PREFIX | FLAG_SUFFIX | FLAG_GRAM3 | FLAG_GRAM4 | FLAG_LENGTH | FLAG_PARALLEL;

/**
 * Chosen once, when the engine opens. Without WASM (no `WebAssembly`, a CSP, workerd) `auto` goes on in JS.
 * @throws what the WASM evaluator throws, when `wasm` was asked for by name; TypeError for a name that is none of the three.
 */
export function chooseEvaluators(artifact: Artifact, wish: "auto" | "js" | "wasm"): ChosenEvaluators {
  if (wish === "wasm") {
    const wasm = openWasm(artifact);
    return { single: wasm, bulk: wasm };
  }
  if (wish !== "js" && wish !== "auto") throw new TypeError("the evaluator must be auto, js or wasm");
  const single = openJs(artifact);
  if (wish === "js") return { single, bulk: single };
  let opened: ChosenEvaluators | undefined;
  const open = () => {
    opened ??= withWasm(artifact, single);
    return opened;
  };
  if (wordAt(artifact.bytes, HEADER_FLAGS) & indexedLanes) return open();
  return {
    single,
    get bulk() {
      return open().bulk;
    },
    get wasmUnavailable() {
      return open().wasmUnavailable;
    },
  };
}

function withWasm(artifact: Artifact, js: Evaluator): ChosenEvaluators {
  try {
    const bulk = openWasm(artifact);
    return { single: bulk, bulk };
  } catch (error) {
    return { single: js, bulk: js, wasmUnavailable: error instanceof Error ? error.message : String(error) };
  }
}
