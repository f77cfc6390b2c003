import { diagnostic } from "../../diagnostics/codes.js";
import { quoteText } from "../../diagnostics/escape.js";
import type { Policy } from "../../policy/model.js";
import type { PolicyOwner, PublishOptions, Registry } from "../../registry/registry.js";
import type { FindingShape, PublishedPolicy } from "../../registry/shapes.js";
import { plain } from "../../report/paint.js";
import type { PublishRun } from "../../report/publish-run.js";
import type { Expectation } from "../../store/store.js";
import { version } from "../../version.generated.js";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.js";
import { failure, type Sources } from "../failure.js";
import { warn } from "../load-policy.js";
import type { Terminal } from "../terminal.js";
import { type ActiveLayers, storedCard } from "./layers.js";
import { ownerText } from "./owner.js";
import { previewOf } from "./preview.js";

export interface ChangeOptions {
  readonly yes?: boolean;
  readonly message?: string;
  /** 0: nothing may be active. */
  readonly ifVersion?: number;
  readonly confirmBroad?: boolean;
  readonly dryRun?: boolean;
  readonly format: string;
}

/** A policy that is to become active. */
export interface Change {
  readonly owner: PolicyOwner;
  readonly policy: Policy;
  /** Its file, or `support-1@2`. */
  readonly label: string;
  readonly layers: ActiveLayers;
  readonly sources: Sources;
  /** `Publish this policy`. */
  readonly question: string;
  readonly perform: (options: PublishOptions) => Promise<PublishedPolicy>;
}

/** Shows what a change means, asks, makes it, and says what became of it. What was shown is what is replaced, or nothing is. */
export async function changePolicy(
  registry: Registry,
  change: Change,
  options: ChangeOptions,
  terminal: Terminal,
): Promise<number> {
  const { owner, layers } = change;
  const active = owner.agent === undefined ? layers.org : layers.agent;
  checkExpectation(active?.version, options.ifVersion, ownerText(owner, registry.org));
  const run = await previewRun(registry, change, options);
  checkFloor(run, change, options, terminal);
  const text = options.format !== "json";
  // Whoever is asked has to see what about; a machine gets one document.
  if (text || (options.yes !== true && options.dryRun !== true && terminal.confirm !== undefined)) {
    const { previewText } = await import("../../report/text/publish.js");
    const shown = previewText(run, text ? terminal.paint : plain);
    if (shown !== "") (text ? terminal.out : terminal.err)(`\n${shown}`);
  }
  const wanted = options.dryRun !== true && (await isWanted(change, registry, options, terminal));
  const expected: Expectation = active === undefined ? { kind: "absent" } : { kind: "version", versions: [active.version] };
  const { message, confirmBroad } = options;
  const published = wanted ? await change.perform({ message, confirmBroad, expected }) : undefined;
  const done = { ...run, published };
  warn((published?.warnings ?? []).map(asDiagnostic), new Map(), terminal);
  if (text) {
    const { outcomeText } = await import("../../report/text/publish.js");
    terminal.out(`\n${outcomeText(done, terminal.paint)}`);
  } else {
    const { publishJson } = await import("../../report/json/publish.js");
    const { jsonText } = await import("../../report/json/rule.js");
    terminal.out(jsonText(publishJson(done)));
  }
  return published === undefined && options.dryRun !== true ? EXIT_FAILED : EXIT_OK;
}

async function previewRun(registry: Registry, change: Change, options: ChangeOptions): Promise<PublishRun> {
  const { owner, layers, policy, sources, label } = change;
  const card = owner.agent === undefined ? undefined : await storedCard(registry, owner.agent);
  const preview = previewOf(owner, layers, policy, card, sources);
  return {
    ...preview,
    owner: { org: registry.org, agent: owner.agent, place: registry.place },
    after: label,
    compared: owner.agent === undefined || layers.org === undefined ? label : `${layers.org.label} + ${label}`,
    below: owner.agent === undefined ? undefined : layers.org?.label,
    orgHidden: layers.orgHidden,
    activeVersion: (owner.agent === undefined ? layers.org : layers.agent)?.version,
    published: undefined,
    dryRun: options.dryRun === true,
    version,
  };
}

/** Said before anybody reads a long difference; the registry checks it again when it stores. */
function checkExpectation(active: number | undefined, wanted: number | undefined, owner: string): void {
  if (wanted === undefined || wanted === (active ?? 0)) return;
  const is = active === undefined ? "nothing is active" : `version ${active} is active`;
  throw failure("registry_precondition_failed", `${is} for ${owner}, and --if-version names ${wanted}`);
}

/** A broken floor is a fault of this program; a broad glob needs a word of its own (M4). */
function checkFloor({ floor }: PublishRun, { label }: Change, options: ChangeOptions, terminal: Terminal): void {
  if (floor === undefined) return;
  if (floor.broken.length > 0) {
    const names = floor.broken.map(({ witness }) => quoteText(witness)).join(", ");
    throw failure("floor_broken", `${quoteText(label, 400)} is below the floor of its org for ${names}`);
  }
  if (floor.broad.length === 0 || options.confirmBroad === true) return;
  warn(floor.broad, new Map(), terminal);
  throw failure("usage_broad_not_confirmed", `${quoteText(label, 400)} maps tools of any server over an org deny`);
}

async function isWanted(change: Change, registry: Registry, options: ChangeOptions, terminal: Terminal): Promise<boolean> {
  return confirmed(`${change.question} for ${ownerText(change.owner, registry.org)}?`, options.yes === true, terminal);
}

/** Asks unless `--yes` answered. @throws CommandFailure when nobody can be asked */
export async function confirmed(question: string, yes: boolean, terminal: Terminal): Promise<boolean> {
  if (yes) return true;
  if (terminal.confirm === undefined)
    throw failure("usage_not_confirmed", "standard input is no terminal, and --yes was not given");
  return terminal.confirm(question);
}

/** What the registry had to say, as every other finding. */
export function asDiagnostic({ code, level, path, message, fix, line, column = 1 }: FindingShape) {
  const at = line === undefined ? "" : ` (line ${line}, column ${column})`;
  return { ...diagnostic("registry_validation_error", { message: `${message}${at}`, path, fix, level }), code };
}
