import { type Command, InvalidArgumentError, Option } from "commander";
import type { Role } from "../../registry/shapes.js";
import { addFormat, example, pointInTime, repeatable } from "../options.js";
import { withRegistry } from "../registry/open.js";
import { checkedAgent } from "../registry/owner.js";
import type { Terminal } from "../terminal.js";

interface Options {
  readonly name: string;
  readonly role: Role;
  readonly agents?: readonly string[];
  readonly expires?: number;
  readonly format: string;
}

/** `smoltbot keys create`: a key for the server; it is shown once. */
export function define(command: Command, terminal: Terminal): void {
  command
    .requiredOption("--name <text>", "what it is for")
    .addOption(
      new Option("--role <role>", "reader: look and evaluate; writer: also publish; admin: also keys")
        .choices(["reader", "writer", "admin"])
        .makeOptionMandatory(),
    )
    .option("--agents <ids>", "only for these agents, separated by commas; may be given again", repeatable)
    .option("--expires <time>", "from when on it is refused: a date, an ISO 8601 time, or a time from now such as 90d", expiry);
  addFormat(command);
  example(
    command,
    "$ smoltbot keys create --name ci --role reader --expires 90d",
    "$ smoltbot keys create --name deploy --role writer --agents support-1,support-2",
  );
  command.action(async (options: Options) => {
    const agents = options.agents?.flatMap((list) => list.split(",").map((id) => checkedAgent(id.trim())));
    await withRegistry("made", async (registry) => {
      const { name, role, expires } = options;
      const created = await registry.createKey({ name, role, agents, expiresAtMs: expires });
      if (options.format === "json") {
        const { createdKeyJson } = await import("../../report/json/keys.js");
        const { jsonText } = await import("../../report/json/rule.js");
        terminal.out(jsonText(createdKeyJson(registry.place, created)));
      } else {
        const { createdKeyText } = await import("../../report/text/keys.js");
        terminal.out(createdKeyText(registry.place, created, terminal.paint));
      }
    });
  });
}

/** An age counts forwards here. */
function expiry(text: string): number {
  const nowMs = Date.now();
  const at = pointInTime(text, nowMs);
  const expiresAtMs = /[dhm]$/.test(text) ? 2 * nowMs - at : at;
  if (expiresAtMs <= nowMs) throw new InvalidArgumentError("Give a time in the future.");
  return expiresAtMs;
}
