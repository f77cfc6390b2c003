import { CommandFailure, failure } from "./failure.js";
import type { Terminal } from "./terminal.js";

/** Prints why a command could not go on: for people on stderr, and for machines, when they asked, on stdout too. */
export async function reportFailure(error: unknown, { terminal, json }: { terminal: Terminal; json: boolean }): Promise<void> {
  const { diagnostics, sources } = error instanceof CommandFailure ? error : internal(error);
  const { renderDiagnostics } = await import("../diagnostics/render.js");
  terminal.err(`${renderDiagnostics(diagnostics, { sources, color: terminal.colorErrors }).trimEnd()}\n`);
  if (!json) return;
  const { failureJson } = await import("../report/json/diagnostic.js");
  const { jsonText } = await import("../report/json/rule.js");
  terminal.out(jsonText(failureJson(diagnostics)));
}

/** A defect of ours: the message goes to the user, the stack only to who asks for it. */
function internal(error: unknown): CommandFailure {
  const text = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error && process.env["SMOLTBOT_DEBUG"] ? `\n${error.stack}` : "";
  return failure("internal_error", `smoltbot failed unexpectedly: ${text}${stack}`);
}
