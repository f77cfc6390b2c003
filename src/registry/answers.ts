import { diffPolicies } from "../analysis/diff.js";
import { lintPolicy } from "../analysis/lint/lint.js";
import type { LintFinding } from "../analysis/lint/lint-report.js";
import { type Subject, subjectOf } from "../analysis/subject.js";
import { compilePolicy } from "../compiler/compile.js";
import { type Diagnostic, hasErrors } from "../diagnostics/diagnostic.js";
import {
  askedOpenWorkMax,
  askedStatesMax,
  askedWorkMax,
  lintAskedGlobsMax,
  lintAskedStatesMax,
  lintAskedWorkMax,
} from "../limits.js";
import { mergePolicies } from "../policy/merge.js";
import type { Card, Policy } from "../policy/model.js";
import { diffJson } from "../report/json/diff.js";
import { lintJson } from "../report/json/lint.js";
import { validatedJson } from "../report/json/validated.js";
import { failureDetail, findingShape, type LayerTexts, readPolicy, type StoredText, storedPolicy } from "./documents.js";
import { RegistryFailure } from "./failure.js";
import { inlineLabel, inlinePolicy, mergedInline } from "./inline-policy.js";
import type { DiffAnswer, LintAnswer, ValidateAnswer } from "./shapes.js";
import type { Layers } from "./verify.js";

/** What a question is about: the texts of the layers, and whose card goes with them. */
export interface ReferredTexts extends LayerTexts {
  /** In place of `agent`, or of both where it is an org's. */
  readonly inline?: string | undefined;
  readonly card?: Card | undefined;
  readonly label: string;
}

/** Analyses are budgeted in states and steps, so that no question holds the process for long; what is left open says so. */
const budget = { statesMax: askedStatesMax, workMax: askedWorkMax, openWorkMax: askedOpenWorkMax };

/** @throws RegistryFailure for what is no policy, or does not merge */
function layersOf({ inline, org, agent }: ReferredTexts): Layers {
  if (inline === undefined) return { org: org && storedPolicy(org), agent: agent && storedPolicy(agent) };
  const policy = inlinePolicy(inline);
  if (policy.meta.scope === "org") return { org: policy };
  const layers = { org: org && storedPolicy(org), agent: policy };
  mergedInline(policy, layers.org);
  return layers;
}

/** Code units of all texts. */
export function referredUnits(...all: readonly ReferredTexts[]): number {
  let units = 0;
  for (const { inline, org, agent } of all) {
    units += (inline?.length ?? 0) + (org?.source.length ?? 0) + (agent?.source.length ?? 0);
  }
  return units;
}

/** Whether a text is a policy, and with `merges` whether it stands over `org`, which may be missing. */
export function validateText(asked: {
  readonly text: string;
  readonly merges: boolean;
  readonly org: StoredText | undefined;
}): ValidateAnswer {
  const { policy, diagnostics } = readPolicy(asked.text, { label: inlineLabel, mediaType: "yaml" });
  const all = [...diagnostics];
  if (policy !== undefined && asked.merges) {
    all.push(...mergePolicies({ org: asked.org && storedPolicy(asked.org), agent: policy }).diagnostics);
  }
  const valid = policy !== undefined && !hasErrors(all);
  return { valid, diagnostics: all.map(findingShape), summary: valid ? summaryOf(policy, all) : null };
}

/** @throws RegistryFailure */
export function diffReferred({ before, after }: { readonly before: ReferredTexts; readonly after: ReferredTexts }): DiffAnswer {
  const { card } = after;
  const found = diffPolicies(subject(layersOf(before)), subject(layersOf(after)), {
    ...(card && { card, oldCard: before.card ?? card }),
    budget,
  });
  const run = { diff: found, before: before.label, after: after.label, exitReasons: [], version: "" };
  const { schema: _, ok: __, exit_reasons: ___, ...answer } = diffJson(run) as Record<string, unknown>;
  return answer as unknown as DiffAnswer;
}

/** @throws RegistryFailure */
export function lintReferred(asked: ReferredTexts): LintAnswer {
  const layers = layersOf(asked);
  const top = (layers.agent ?? layers.org) as Policy;
  const globs = globsOf(layers);
  if (globs > lintAskedGlobsMax) return lintAnswer([notDecided(top, globs)], { rules: 0, undecided: 1 });
  const lintBudget = { statesMax: lintAskedStatesMax, workMax: lintAskedWorkMax };
  const { findings, rules, undecided } = lintPolicy({
    subject: subject(layers),
    scope: top.meta.scope,
    card: asked.card,
    budget: lintBudget,
  });
  return lintAnswer(findings, { rules, undecided });
}

/** @throws RegistryFailure */
export function compileReferred(asked: ReferredTexts): Uint8Array {
  return compilePolicy(subject(layersOf(asked)).policy).bytes;
}

function summaryOf(policy: Policy, diagnostics: readonly Diagnostic[]): object {
  const { files } = validatedJson([{ file: inlineLabel, policy, diagnostics }]) as { files: readonly { summary: object }[] };
  return (files[0] as { summary: object }).summary;
}

function notDecided({ file }: Policy, globs: number): LintFinding {
  return {
    code: "not_decided",
    severity: "notice",
    rule: undefined,
    span: { file, line: 1, column: 1, endLine: 1, endColumn: 1 },
    path: "",
    message: `the policy was not looked at: it has ${globs} globs, and up to ${lintAskedGlobsMax} are looked at here`,
    witnesses: [],
    related: [],
    fix: "run `smoltbot policy lint`, which takes its time",
    safe: false,
  };
}

function lintAnswer(findings: readonly LintFinding[], counts: { rules: number; undecided: number }): LintAnswer {
  const file = {
    file: inlineLabel,
    valid: true,
    diagnostics: [],
    findings: findings.map((finding) => ({ ...finding, replacements: [] })),
    suppressed: [],
    ...counts,
  };
  const run = { files: [file], failOn: "error" as const, exitReasons: [], codes: {} as never, version: "" };
  const { summary, files } = lintJson(run) as {
    summary: { errors: number; warnings: number; notices: number };
    files: readonly { findings: readonly { code: string }[] }[];
  };
  const all = files[0]?.findings ?? [];
  const { errors, warnings, notices } = summary;
  return { summary: { errors, warnings, notices }, findings: all, undecided: all.filter(({ code }) => code === "not_decided") };
}

/** @throws RegistryFailure `validation_error` for layers that do not merge, as an old version may not with the org of today */
function subject({ org, agent }: Layers): Subject {
  const { diagnostics } = mergePolicies({ org, agent });
  const errors = diagnostics.filter(({ level }) => level === "error");
  if (errors.length === 0) return subjectOf({ org, agent });
  throw new RegistryFailure("validation_error", `the policies do not merge: ${errors[0]?.message}`, {
    details: errors.map(failureDetail),
  });
}

function globsOf({ org, agent }: Layers): number {
  let globs = 0;
  for (const policy of [org, agent]) {
    for (const { tools } of policy?.capabilities ?? []) globs += tools.length;
    globs += (policy?.forbidden.length ?? 0) + (policy?.triggers.length ?? 0);
  }
  return globs;
}
