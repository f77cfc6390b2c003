// What `npm run demo` shows: the support-agent policy of the examples, dry-run over recorded sample traces.
// Some of the traces fail on purpose, hence --report-only; the command is printed so that it can be typed again.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "./freshness.mjs";

const example = "examples/support-agent";
const args = [
  "policy",
  "test",
  `${example}/policy.yaml`,
  "--card",
  `${example}/card.yaml`,
  "--traces",
  `${example}/traces`,
  "--report-only",
];

console.log(`$ npx smoltbot ${args.join(" ")}\n`);
const { status } = spawnSync(process.execPath, [join(root, "build", "smoltbot.js"), ...args], { cwd: root, stdio: "inherit" });
process.exitCode = status ?? 1;
