import { cardCodes } from "./catalogue/card.js";
import { commandCodes } from "./catalogue/command.js";
import { documentCodes } from "./catalogue/document.js";
import type { CodeEntry } from "./catalogue/entry.js";
import { policyCodes } from "./catalogue/policy.js";
import { registryCodes } from "./catalogue/registry.js";
import { serverCodes } from "./catalogue/server.js";
import { suiteCodes } from "./catalogue/suite.js";
import { traceCodes } from "./catalogue/trace.js";
import type { Diagnostic, Level, Span } from "./diagnostic.js";

/** Every code by area; docs/errors.md is made from this, and each code has a test that brings it about. */
export const catalogue = {
  document: documentCodes,
  policy: policyCodes,
  card: cardCodes,
  suite: suiteCodes,
  trace: traceCodes,
  command: commandCodes,
  registry: registryCodes,
  server: serverCodes,
} as const satisfies Record<string, Record<string, CodeEntry>>;

type Areas = typeof catalogue;
/** The stable name of one kind of finding. */
export type Code = { [A in keyof Areas]: keyof Areas[A] }[keyof Areas] & string;

const entries: ReadonlyMap<string, CodeEntry> = new Map(
  Object.values(catalogue).flatMap((area) => Object.entries<CodeEntry>(area)),
);

export interface Finding {
  readonly message: string;
  readonly span?: Span | undefined;
  readonly path?: string;
  /** In place of the catalogue's sentence, where the place allows a better one. */
  readonly fix?: string | undefined;
  readonly level?: Level;
}

/** A diagnostic with the level and the advice of its code, unless the finding says better. */
export function diagnostic(code: Code, finding: Finding): Diagnostic {
  const entry = entries.get(code) as CodeEntry;
  return {
    code,
    level: finding.level ?? entry.level,
    ...(finding.span === undefined ? {} : { span: finding.span }),
    path: finding.path ?? "",
    message: finding.message,
    fix: finding.fix ?? entry.fix,
  };
}
