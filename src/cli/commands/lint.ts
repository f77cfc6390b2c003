import { type Command, Option } from "commander";
import type { LintSeverity } from "../../analysis/lint/lint-report.js";
import { hasErrors } from "../../diagnostics/diagnostic.js";
import { quoteText } from "../../diagnostics/escape.js";
import { suggest } from "../../diagnostics/suggest.js";
import { mergePolicies } from "../../policy/merge.js";
import type { Policy } from "../../policy/model.js";
import { countedSeverities, type LintedFile, type LintRun, severities } from "../../report/lint-run.js";
import { plain } from "../../report/paint.js";
import { version } from "../../version.generated.js";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.js";
import { CommandFailure, failure } from "../failure.js";
import { readNamedFile, writeWhole } from "../files.js";
import { inventoryHelp, readInventory } from "../inventory.js";
import { codeTexts } from "../lint/code-texts.js";
import type { FileOutcome, LintFilesOptions } from "../lint/lint-files.js";
import { loadCard, warn } from "../load-policy.js";
import { addConfigOptions, addFormat, type ConfigOptions, example, repeatable } from "../options.js";
import { decodedText, parsePolicyFile } from "../policy-file.js";
import { resolveSettings, type Settings } from "../settings.js";
import type { Terminal } from "../terminal.js";
import { addTraceOptions, readOptionsOf, type TraceOptions } from "../trace-options.js";

interface Options extends ConfigOptions, TraceOptions {
  readonly org?: string;
  readonly card?: string;
  readonly inventory?: readonly string[];
  readonly fix?: boolean;
  readonly fixSpelling?: boolean;
  readonly dryRun?: boolean;
  readonly failOn: LintSeverity;
  readonly strict?: boolean;
  readonly code?: readonly string[];
  readonly ignore?: readonly string[];
  readonly format: "text" | "json" | "markdown" | "sarif";
  readonly output?: string;
}

/** `smoltbot policy lint`: rules that do nothing, or not what they seem to. */
export function define(command: Command, terminal: Terminal): void {
  command
    .argument("[file...]", "policy files, each linted on its own (default: from the config file)")
    .option("--org <file>", "org policy in force above agents' files")
    .option("--card <file>", "alignment card whose actions the capabilities may list")
    .option("--inventory <source>", inventoryHelp, repeatable);
  addTraceOptions(command, "take the tools of these traces into the inventory: file, folder, pattern or `-`; may be given again");
  command
    .option("--fix", "make the changes that are proven to change no outcome; shows them first")
    .option("--fix-spelling", "with --fix: also write globs as the inventory spells them, which changes outcomes")
    .option("--dry-run", "with --fix: show the changes and write nothing")
    .addOption(
      new Option("--fail-on <severity>", "exit 1 on findings from this severity on")
        .choices(["error", "warning", "notice"])
        .default("error"),
    )
    .option("--strict", "the same as --fail-on warning")
    .option("--code <code>", "only findings of this code; may be given again", repeatable)
    .option("--ignore <code>", "no findings of this code; may be given again", repeatable);
  addConfigOptions(command);
  addFormat(command, ["text", "json", "markdown", "sarif"]);
  command.option("-o, --output <file>", "write the report to this file");
  example(
    command,
    "$ smoltbot policy lint policy.yaml",
    "$ smoltbot policy lint agents/*.yaml --org org.yaml --inventory tools.json --strict",
    "$ smoltbot policy lint policy.yaml --fix --dry-run",
  );
  command.action(async (files: string[], options: Options) => {
    terminal.exitCode = await lint(files, options, terminal);
  });
}

async function lint(files: readonly string[], options: Options, terminal: Terminal): Promise<number> {
  if (options.fix !== true && (options.dryRun === true || options.fixSpelling === true)) {
    throw failure("usage_fix_needed", `--${options.dryRun === true ? "dry-run" : "fix-spelling"} was given without --fix`);
  }
  for (const code of [...(options.code ?? []), ...(options.ignore ?? [])]) checkCode(code);
  const settings = await resolveSettings({ ...options, policy: files[0] });
  const named = files.length > 0 ? [...new Set(files)] : [settings.policy ?? settings.org].filter((file) => file !== undefined);
  if (named.length === 0) throw failure("usage_policy_missing", "no policy was named");
  const { damaged, ...setup } = await setupOf(options, settings, terminal);
  const { lintFile } = await import("../lint/lint-files.js");
  const outcomes = named.map((file) => lintFile(file, setup));
  const run = runOf(
    outcomes.map(({ linted }) => linted),
    { ...options, damaged },
  );
  await print(run, outcomes, options, terminal);
  return run.exitReasons.length === 0 ? EXIT_OK : EXIT_FAILED;
}

function checkCode(code: string): void {
  if (Object.hasOwn(codeTexts, code)) return;
  const meant = suggest(code, Object.keys(codeTexts));
  const fix = meant === undefined ? undefined : `did you mean \`${meant}\`?`;
  throw failure("usage_unknown_lint_code", `lint has no code ${quoteText(code, 60)}`, { fix });
}

/** With `damaged`: some of the inventory could not be read, so that findings about what it lacks may be wrong. */
async function setupOf(
  options: Options,
  settings: Settings,
  terminal: Terminal,
): Promise<LintFilesOptions & { readonly damaged: boolean }> {
  const { code: only, ignore = [] } = options;
  const org = loadOrg(settings);
  const card = loadCard(settings, Date.now(), terminal);
  const sources = [...(options.inventory ?? []), ...(options.traces ?? [])];
  const listed =
    sources.length === 0 ? undefined : await readInventory(sources, () => readOptionsOf(options, settings, terminal), terminal);
  const { lintPolicy } = await import("../../analysis/lint/lint.js");
  const setup = {
    org,
    card,
    inventory: listed?.names,
    wanted: (code: string) => (only === undefined || only.includes(code)) && !ignore.includes(code),
    lint: lintPolicy,
    damaged: listed?.damaged === true,
  };
  if (options.fix !== true) return setup;
  const { unchangedBy } = await import("../lint/unchanged.js");
  const { paintedDiff } = await import("../../report/text/unified-diff.js");
  const show = (diff: string) => {
    if (options.format === "text") terminal.out(`${paintedDiff(diff, terminal.paint)}\n`);
  };
  const fix = {
    spelling: options.fixSpelling === true,
    dryRun: options.dryRun === true,
    unchanged: unchangedBy(org),
    show,
  };
  return { ...setup, fix };
}

/** The org policy above agents. @throws CommandFailure when it is none. */
function loadOrg({ org }: Settings): Policy | undefined {
  if (org === undefined) return undefined;
  const bytes = readNamedFile(org, "org policy");
  const sources = new Map([[org, decodedText(bytes)]]);
  const { policy, diagnostics } = parsePolicyFile(bytes, org);
  if (policy === undefined) throw new CommandFailure(diagnostics, sources);
  const merged = mergePolicies({ org: policy });
  if (hasErrors(merged.diagnostics)) throw new CommandFailure(merged.diagnostics, sources);
  return policy;
}

function runOf(
  files: readonly LintedFile[],
  { failOn: wanted, strict, damaged }: Pick<Options, "failOn" | "strict"> & { readonly damaged: boolean },
): LintRun {
  const failOn = strict === true && wanted === "error" ? "warning" : wanted;
  const counted = severities.slice(0, severities.indexOf(failOn) + 1);
  const found = countedSeverities(files.flatMap((file) => file.findings)).filter(({ severity }) => counted.includes(severity));
  const broken = files.filter(({ valid }) => !valid).length;
  const exitReasons = [
    ...(broken === 0 ? [] : [`${broken === 1 ? "1 file" : `${broken} files`} could not be linted`]),
    ...(damaged ? ["some of the traces could not be read"] : []),
    ...(found.length === 0 ? [] : [`${found.map(({ words }) => words).join(" and ")} found`]),
  ];
  return { files, failOn, exitReasons, codes: codeTexts, version };
}

/** The report; what is wrong with the files themselves goes to stderr as well. */
async function print(run: LintRun, outcomes: readonly FileOutcome[], options: Options, terminal: Terminal): Promise<void> {
  const sources = new Map(outcomes.map(({ linted, text }) => [linted.file, text]));
  const aside = run.files.flatMap(({ diagnostics }) => diagnostics);
  if (options.format === "text" || hasErrors(aside)) warn(aside, sources, terminal);
  const text = await rendered(run, sources, options, terminal);
  if (options.output === undefined) {
    terminal.out(text);
    return;
  }
  writeWhole(options.output, text);
  for (const reason of run.exitReasons) terminal.err(`${reason}\n`);
}

async function rendered(
  run: LintRun,
  sources: ReadonlyMap<string, string>,
  { format, output }: Options,
  terminal: Terminal,
): Promise<string> {
  switch (format) {
    case "json": {
      const { lintJson } = await import("../../report/json/lint.js");
      const { jsonText } = await import("../../report/json/rule.js");
      return jsonText(lintJson(run));
    }
    case "markdown":
      return (await import("../../report/markdown/lint.js")).lintMarkdown(run);
    case "sarif":
      return (await import("../../report/sarif/lint.js")).lintSarif(run);
    default: {
      const { lintDiagnostic, lintText, shownFindings } = await import("../../report/text/lint.js");
      const { renderDiagnostics } = await import("../../diagnostics/render.js");
      const paint = output === undefined ? terminal.paint : plain;
      const color = paint.strong("x") !== "x";
      const render = ({ findings }: LintedFile) =>
        renderDiagnostics(shownFindings(findings).map(lintDiagnostic), { sources, color });
      return lintText(run, render, paint);
    }
  }
}
