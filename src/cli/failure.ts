import type { commandCodes } from "../diagnostics/catalogue/command.js";
import type { registryCodes } from "../diagnostics/catalogue/registry.js";
import type { serverCodes } from "../diagnostics/catalogue/server.js";
import type { suiteCodes } from "../diagnostics/catalogue/suite.js";
import { diagnostic, type Finding } from "../diagnostics/codes.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";

/** Source texts by file label, for the caret lines of diagnostics. */
export type Sources = ReadonlyMap<string, string>;

/** A command cannot go on: bad usage or bad input. `main` prints the diagnostics and exits 1; nobody sees a stack trace. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";

  constructor(
    readonly diagnostics: readonly Diagnostic[],
    readonly sources: Sources = new Map(),
  ) {
    super(diagnostics[0]?.message ?? "the command failed");
  }
}

/** A failure with one finding about the command line or a file it names. `message`: user text escaped and in backquotes. */
export function failure(
  code: keyof typeof commandCodes | keyof typeof suiteCodes | keyof typeof registryCodes | keyof typeof serverCodes,
  message: string,
  more: Omit<Finding, "message"> = {},
  sources?: Sources,
): CommandFailure {
  return new CommandFailure([diagnostic(code, { message, ...more })], sources);
}
