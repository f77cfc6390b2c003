import { Command, CommanderError } from "commander";
import { escapeText } from "../diagnostics/escape.js";
import { version } from "../version.generated.js";
import { EXIT_FAILED, EXIT_OK } from "./exit-codes.js";
import { reportFailure } from "./report-failure.js";
import type { Terminal } from "./terminal.js";

/** A verb is only its summary until it is asked for: the code of the others is never loaded. */
interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<{ define(command: Command, terminal: Terminal): void }>;
}

interface Group {
  readonly name: string;
  readonly summary: string;
  readonly verbs: readonly Verb[];
}

/** Verbs of one word. */
const singles: readonly Verb[] = [
  { name: "serve", summary: "serve the registry over HTTP", load: () => import("./commands/serve.js") },
];

const groups: readonly Group[] = [
  {
    name: "policy",
    summary: "write, check, test and compile policies",
    verbs: [
      { name: "init", summary: "write an annotated policy to start from", load: () => import("./commands/init.js") },
      { name: "validate", summary: "check policy files; local, no network", load: () => import("./commands/validate.js") },
      {
        name: "lint",
        summary: "find rules that do nothing, or not what they seem to",
        load: () => import("./commands/lint.js"),
      },
      {
        name: "test",
        summary: "run policy tests, and dry-run a policy over recorded agent runs",
        load: () => import("./commands/test.js"),
      },
      { name: "evaluate", summary: "judge a list of tools: the gate for CI", load: () => import("./commands/evaluate.js") },
      { name: "explain", summary: "say why a tool gets its verdict", load: () => import("./commands/explain.js") },
      {
        name: "inspect",
        summary: "show the merged policy and the layer of each field",
        load: () => import("./commands/inspect.js"),
      },
      {
        name: "coverage",
        summary: "show card actions, capabilities and tools, each seen from the others",
        load: () => import("./commands/coverage.js"),
      },
      {
        name: "recommend",
        summary: "draft a policy from recorded agent runs",
        load: () => import("./commands/recommend.js"),
      },
      {
        name: "diff",
        summary: "what changes between two policies, for every tool name",
        load: () => import("./commands/diff.js"),
      },
      { name: "floor", summary: "prove that agents keep to the floor of their org", load: () => import("./commands/floor.js") },
      { name: "compile", summary: "compile a policy to one artifact file", load: () => import("./commands/compile.js") },
      {
        name: "bench",
        summary: "measure what a policy costs, on recorded calls or its own globs",
        load: () => import("./commands/bench.js"),
      },
      { name: "dump", summary: "show a compiled artifact as text", load: () => import("./commands/dump.js") },
      {
        name: "publish",
        summary: "make a policy the active one of an agent or of the org, after showing what changes",
        load: () => import("./commands/publish.js"),
      },
      {
        name: "list",
        summary: "list the active policies of the registry",
        load: () => import("./commands/list.js"),
      },
      { name: "history", summary: "list the versions of a policy", load: () => import("./commands/history.js") },
      { name: "rollback", summary: "publish an old version again", load: () => import("./commands/rollback.js") },
      {
        name: "get",
        summary: "print a published policy, or what is resolved for an agent",
        load: () => import("./commands/get.js"),
      },
      { name: "unpublish", summary: "have no active version; the versions stay", load: () => import("./commands/unpublish.js") },
    ],
  },
  {
    name: "card",
    summary: "alignment cards of agents in the registry",
    verbs: [
      { name: "publish", summary: "store the card of an agent", load: () => import("./commands/card-publish.js") },
      { name: "show", summary: "show the stored card of an agent", load: () => import("./commands/card-show.js") },
    ],
  },
  {
    name: "traces",
    summary: "look at recorded agent runs, and keep them in the registry",
    verbs: [
      { name: "list", summary: "list the tools that agents really used", load: () => import("./commands/traces-list.js") },
      { name: "import", summary: "store recorded runs in the registry", load: () => import("./commands/traces-import.js") },
    ],
  },
  {
    name: "keys",
    summary: "API keys of the server",
    verbs: [
      { name: "create", summary: "make a key and show it once", load: () => import("./commands/keys-create.js") },
      { name: "list", summary: "list keys, without their secrets", load: () => import("./commands/keys-list.js") },
      { name: "revoke", summary: "have a key refused from now on", load: () => import("./commands/keys-revoke.js") },
    ],
  },
];

/** Runs one command line (without `node` and the script). Returns the exit code; throws nothing for bad usage or input. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = newProgram(terminal);
  const words = args.filter((word) => word !== "help");
  let invoked: Command = program;
  for (const group of groups) {
    const command = program.command(group.name).summary(group.summary).description(group.summary);
    for (const verb of group.verbs) {
      const leaf = command.command(verb.name).summary(verb.summary).description(verb.summary);
      if (words[0] !== group.name || words[1] !== verb.name) continue;
      (await verb.load()).define(leaf, terminal);
      invoked = leaf;
    }
  }
  for (const verb of singles) {
    const leaf = program.command(verb.name).summary(verb.summary).description(verb.summary);
    if (words[0] !== verb.name) continue;
    (await verb.load()).define(leaf, terminal);
    invoked = leaf;
  }
  try {
    await program.parseAsync([...args], { from: "user" });
    return terminal.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_FAILED;
    await reportFailure(error, { terminal, json: invoked.opts()["format"] === "json" });
    return EXIT_FAILED;
  }
}

function newProgram(terminal: Terminal): Command {
  return (
    new Command("smoltbot")
      .description("Compiled policies for what AI agents may do with tools.")
      .version(version)
      // `policy get --version 3` is its own option.
      .enablePositionalOptions()
      .exitOverride()
      .showHelpAfterError("Run the command with --help to see what it takes.")
      .configureOutput({
        writeOut: terminal.out,
        writeErr: terminal.err,
        outputError: (text, write) => write(text.split("\n").map(escapeText).join("\n")),
      })
      .addHelpText("after", "\nExample:\n  $ smoltbot policy init && smoltbot policy validate policy.yaml\n")
  );
}
