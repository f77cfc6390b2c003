import { decodeArtifact } from "../../src/artifact/decode.js";
import { type CompileOptions, compilePolicy } from "../../src/compiler/compile.js";
import { type Engine, openEngine } from "../../src/engine/engine.js";
import type { Context, Evaluation, Session } from "../../src/engine/result.js";
import { mergePolicies } from "../../src/policy/merge.js";
import type { Policy } from "../../src/policy/model.js";
import { referenceEvaluate } from "../../src/reference/evaluate.js";

export interface Layers {
  readonly org?: Policy | undefined;
  readonly agent?: Policy | undefined;
}

/** Layers made ready by one way of evaluating them. */
export interface Opened {
  /** Where there is one. */
  readonly engine: Engine | undefined;
  evaluate(tools: readonly unknown[], context: Context, counts: Session | undefined): Evaluation;
}

/** One way to get from layers and calls to an evaluation. */
export interface Subject {
  readonly name: string;
  /** @throws TypeError for layers that cannot be merged. */
  open(layers: Layers): Opened;
}

/** Budgets that leave no room for the automaton: everything but literals goes to the indexed lanes. */
export const indexedOnly: CompileOptions["budget"] = { statesMax: 0, workMax: 0 };

export function compileLayers(layers: Layers, budget?: CompileOptions["budget"]): Uint8Array {
  const { value, diagnostics } = mergePolicies(layers);
  if (value === undefined) throw new TypeError(diagnostics.map((d) => d.message).join("; "));
  return compilePolicy(value, budget === undefined ? {} : { budget }).bytes;
}

/** The same artifact read once more from its decoded bytes, at an odd place of a larger buffer. */
export function again(bytes: Uint8Array): Uint8Array {
  const { bytes: decoded } = decodeArtifact(bytes);
  const moved = new Uint8Array(decoded.length + 3).subarray(3);
  moved.set(decoded);
  return moved;
}

/** A session that begins at given counts. */
export function sessionAt(engine: Engine, counts: Session | undefined): Session {
  return Object.assign(engine.openSession(), counts);
}

function compiled(name: string, evaluator: "js" | "wasm", budget?: CompileOptions["budget"], reread = false): Subject {
  return {
    name,
    open(layers) {
      const bytes = compileLayers(layers, budget);
      const engine = openEngine(reread ? again(bytes) : bytes, { evaluator });
      // A silent stand-in would make the suite compare an evaluator with itself.
      if (engine.info.evaluator !== evaluator) throw new Error(`asked for ${evaluator}, got ${engine.info.evaluator}`);
      return {
        engine,
        evaluate: (tools, context, counts) =>
          engine.evaluate(tools, counts ? { ...context, session: sessionAt(engine, counts) } : context),
      };
    },
  };
}

/** Everything that must agree. None may be missing: an evaluator that cannot be opened fails its cases. */
export const subjects: readonly Subject[] = [
  {
    name: "reference",
    open: (layers) => ({
      engine: undefined,
      evaluate: (tools, context, session) => referenceEvaluate(layers, tools, session ? { ...context, session } : context),
    }),
  },
  compiled("js", "js"),
  compiled("wasm", "wasm"),
  compiled("js, decoded again", "js", undefined, true),
  compiled("wasm, decoded again", "wasm", undefined, true),
  compiled("js, indexed lanes", "js", indexedOnly),
  compiled("wasm, indexed lanes", "wasm", indexedOnly),
];
