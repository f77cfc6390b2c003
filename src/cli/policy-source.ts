import { type Subject, subjectOf, subjectOfArtifact } from "../analysis/subject.js";
import { type Diagnostic, hasErrors } from "../diagnostics/diagnostic.js";
import { quoteText } from "../diagnostics/escape.js";
import { mergePolicies } from "../policy/merge.js";
import type { Policy } from "../policy/model.js";
import { decodeNamed, looksCompiled } from "./artifact-file.js";
import { CommandFailure, failure } from "./failure.js";
import { readNamedFile } from "./files.js";
import { isRevisionSpec, readRevision } from "./git-revision.js";
import { decodedText, parsePolicyFile } from "./policy-file.js";

/** A policy as a command line names it, ready for questions. */
export interface PolicySource {
  /** As it was typed; not escaped. */
  readonly label: string;
  readonly subject: Subject;
  /** Warnings and notices of its files, with their texts. */
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: ReadonlyMap<string, string>;
}

export interface OrgBelow {
  /** File or revision of the org policy. */
  readonly spec: string;
  /** Only the config file names it: a policy that needs none below it goes without. */
  readonly fromConfig: boolean;
}

/** The bytes behind `git:<revision>:<path>` or a path. @throws CommandFailure */
export function readSpec(spec: string, what: string): Uint8Array {
  return isRevisionSpec(spec) ? readRevision(spec).bytes : readNamedFile(spec, what);
}

/**
 * A YAML or JSON file, a compiled artifact, or either in a git revision, with the org policy below it where one is named.
 * @throws CommandFailure for whatever keeps the policy from being used; findings of both files are thrown together.
 */
export function loadPolicySource(spec: string, org: OrgBelow | undefined): PolicySource {
  const bytes = readSpec(spec, "policy");
  if (looksCompiled(bytes)) {
    if (org !== undefined && !org.fromConfig) {
      throw failure("usage_org_beside_artifact", `${quoteText(spec, 400)} is compiled, and its org policy with it`);
    }
    return { label: spec, subject: subjectOfArtifact(decodeNamed(bytes, spec)), diagnostics: [], sources: new Map() };
  }
  const files = new PolicyFiles();
  const main = files.parse(bytes, spec);
  const alone = main?.meta.scope === "org" && org?.fromConfig !== false;
  const below = org === undefined || alone ? undefined : files.read(org.spec, "org policy");
  files.refuseErrors();
  if (main?.meta.scope === "org" && below !== undefined) {
    throw failure("usage_two_org_policies", `${quoteText(spec, 400)} has scope org, and another org policy is named below it`);
  }
  const layers = main?.meta.scope === "org" ? { org: main } : { org: below, agent: main };
  files.add(mergePolicies(layers).diagnostics);
  files.refuseErrors();
  return { label: spec, subject: subjectOf(layers), diagnostics: files.diagnostics, sources: files.sources };
}

/** One layer as it was written. @throws CommandFailure also for artifacts, which hold layers merged. */
export function loadLayer(spec: string, what: string): Omit<PolicySource, "subject"> & { readonly policy: Policy } {
  const bytes = readSpec(spec, what);
  if (looksCompiled(bytes)) throw failure("usage_layer_compiled", `${what} ${quoteText(spec, 400)} is a compiled artifact`);
  const files = new PolicyFiles();
  const policy = files.parse(bytes, spec);
  files.refuseErrors();
  if (policy === undefined) throw new CommandFailure(files.diagnostics, files.sources);
  return { label: spec, policy, diagnostics: files.diagnostics, sources: files.sources };
}

/** Files that are read one after the other, and everything found in them. */
class PolicyFiles {
  readonly sources = new Map<string, string>();
  readonly diagnostics: Diagnostic[] = [];

  read(spec: string, what: string): Policy | undefined {
    return this.parse(readSpec(spec, what), spec);
  }

  parse(bytes: Uint8Array, spec: string): Policy | undefined {
    this.sources.set(spec, decodedText(bytes));
    const { policy, diagnostics } = parsePolicyFile(bytes, spec);
    this.add(diagnostics);
    return policy;
  }

  add(diagnostics: readonly Diagnostic[]): void {
    this.diagnostics.push(...diagnostics);
  }

  refuseErrors(): void {
    if (hasErrors(this.diagnostics)) throw new CommandFailure(this.diagnostics, this.sources);
  }
}
