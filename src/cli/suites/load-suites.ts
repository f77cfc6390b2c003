import { realpathSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import type { SuiteTask } from "../../analysis/suite/run-cases.js";
import type { TestedPolicy } from "../../analysis/suite/test-bench.js";
import { decodeArtifact } from "../../artifact/decode.js";
import { type Diagnostic, hasErrors } from "../../diagnostics/diagnostic.js";
import { quoteText } from "../../diagnostics/escape.js";
import { openArtifact } from "../../engine/engine.js";
import type { Context } from "../../engine/result.js";
import { RuleCatalog } from "../../engine/rule-catalog.js";
import type { Card, Located } from "../../policy/model.js";
import type { Circumstances, Suite, SuiteContext } from "../../policy/suite.js";
import { parseSuite } from "../../syntax/suite.js";
import { CommandFailure, failure } from "../failure.js";
import { exists, readNamedFile, shownPath } from "../files.js";
import { loadCard, loadPolicy, warn } from "../load-policy.js";
import { compile } from "../open-policy.js";
import { decodedText } from "../policy-file.js";
import type { Settings } from "../settings.js";
import type { Terminal } from "../terminal.js";
import { policyBeside, type Visit } from "./find-suites.js";

/** What the command line says of every suite; what it does not say, a suite may. */
export interface SuiteSettings {
  /** Of the command line and the config file. */
  readonly settings: Settings;
  /** The policy stands on the command line, so that suites cannot choose another. */
  readonly policyGiven: boolean;
  readonly orgGiven: boolean;
  readonly cardGiven: boolean;
  /** `--context`, where it was given. */
  readonly context: SuiteContext | undefined;
}

/** One policy, and the suites that run against it. */
export interface TestedGroup {
  /** With the policy and the org policy of the group. */
  readonly settings: Settings;
  readonly tested: TestedPolicy;
  readonly tasks: SuiteTask[];
}

/** Suites and what they name, each file read once. Reports every file through `visit` before it is read. */
export class SuiteLoader {
  readonly #groups = new Map<string, TestedGroup>();
  readonly #cards = new Map<string, Card | undefined>();
  readonly #sources = new Map<string, string>();

  constructor(
    private readonly given: SuiteSettings,
    private readonly terminal: Terminal,
    private readonly visit: Visit,
  ) {}

  /** @throws CommandFailure with the errors of all suites together. */
  load(files: readonly string[]): TestedGroup[] {
    const diagnostics: Diagnostic[] = [];
    const suites: Suite[] = [];
    for (const file of files) {
      this.visit(file);
      const bytes = readNamedFile(file, "policy tests");
      this.#sources.set(file, decodedText(bytes));
      const parsed = parseSuite(bytes, { file });
      diagnostics.push(...parsed.diagnostics);
      if (parsed.value !== undefined) suites.push(parsed.value);
    }
    if (hasErrors(diagnostics)) throw new CommandFailure(diagnostics, this.#sources);
    warn(diagnostics, this.#sources, this.terminal);
    for (const suite of suites) this.#add(suite);
    return [...this.#groups.values()];
  }

  /** A policy of which only the inline examples are run. */
  loadAlone(): TestedGroup[] {
    return [this.#group(this.given.settings)];
  }

  get sources(): ReadonlyMap<string, string> {
    return this.#sources;
  }

  #add(suite: Suite): void {
    const { settings, policyGiven, orgGiven, cardGiven, context } = this.given;
    const policy = policyGiven
      ? settings.policy
      : (this.#named(suite, suite.policy) ?? policyBeside(suite.file) ?? settings.policy);
    const ownOrg = orgGiven ? undefined : this.#named(suite, suite.org);
    const own: Settings = {
      ...settings,
      policy,
      org: ownOrg ?? settings.org,
      orgFromConfig: settings.orgFromConfig && ownOrg === undefined,
    };
    const group = this.#group(own);
    const card = (cardGiven ? undefined : this.#named(suite, suite.card)) ?? settings.card;
    const kind = context ?? suite.context ?? "cicd";
    const contexts = new Map<Circumstances, Context>();
    const contextOf = (circumstances: Circumstances): Context => {
      let made = contexts.get(circumstances);
      if (made === undefined) {
        made = contextFrom(circumstances, kind, this.#card(this.#named(suite, circumstances.card) ?? card));
        contexts.set(circumstances, made);
      }
      return made;
    };
    group.tasks.push({ suite, contextOf });
  }

  #group(settings: Settings): TestedGroup {
    const key = JSON.stringify([realPath(settings.policy), realPath(settings.org), settings.orgFromConfig]);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    for (const file of [settings.policy, settings.org]) if (file !== undefined) this.visit(file);
    const { merged, layers } = loadPolicy(settings, this.terminal);
    const artifact = decodeArtifact(compile(merged).bytes);
    const tested = { subject: { policy: merged, layers }, engine: openArtifact(artifact), rules: new RuleCatalog(artifact) };
    const group = { settings, tested, tasks: [] };
    this.#groups.set(key, group);
    return group;
  }

  #card(path: string | undefined): Card | undefined {
    if (path === undefined) return undefined;
    if (!this.#cards.has(path)) {
      this.visit(path);
      // Tests say the same tomorrow: whether the card has expired by now is not asked.
      this.#cards.set(path, loadCard({ ...this.given.settings, card: path }, undefined, this.terminal));
    }
    return this.#cards.get(path);
  }

  /** A path of a suite, ready to open. A file that is not there is a mistake of the suite, with its place. */
  #named(suite: Suite, path: Located<string> | undefined): string | undefined {
    if (path === undefined) return undefined;
    const file = isAbsolute(path.value) ? path.value : shownPath(resolve(dirname(suite.file), path.value));
    this.visit(file);
    if (exists(file)) return file;
    throw failure("file_not_found", `${quoteText(file, 400)} does not exist`, { span: path.span }, this.#sources);
  }
}

/** One file may be named in several ways: its suites run together, so that what they exercise is counted together. */
function realPath(path: string | undefined): string | undefined {
  return path === undefined || !exists(path) ? path : realpathSync(path);
}

function contextFrom({ context, nowMs, firstSeenMs }: Circumstances, kind: SuiteContext, card: Card | undefined): Context {
  return {
    kind: context ?? kind,
    ...(card !== undefined && { card }),
    ...(nowMs !== undefined && { nowMs }),
    ...(firstSeenMs !== undefined && { sightings: { firstSeenMs: (tool) => firstSeenMs.get(tool) } }),
  };
}
