import type { CompileReport } from "../../compiler/compile.js";

/** `smoltbot policy compile --format json`: what the compiler did. */
export function compiledJson(output: string, digest: string, report: CompileReport): object {
  return {
    schema: "smoltbot.compile/1",
    output,
    digest,
    artifact_bytes: report.artifactBytes,
    globs: report.globs,
    rows: report.rows,
    lanes: report.lanes,
    automaton:
      report.dfa === undefined
        ? null
        : {
            states: report.dfa.states,
            states_before_minimization: report.dfa.statesBeforeMinimization,
            byte_classes: report.dfa.classes,
            work: report.dfa.work,
          },
    over_budget: report.overBudget ?? null,
    literals_complete: report.literalsComplete,
    milliseconds: report.milliseconds.map(({ stage, ms }) => ({ stage, ms: rounded(ms) })),
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
