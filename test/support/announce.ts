import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Says before a run what it runs against and what it cannot run on this machine, so that a skip is never a surprise. */
export default function announce(): void {
  const root = join(import.meta.dirname, "..", "..");
  const target = process.env.SMOLTBOT_TARGET === "build" ? "build/ (what is shipped)" : "src/";
  console.log(`tests run against ${target}${process.env.SMOLTBOT_DEEP ? ", deep" : ""}`);
  if (process.env.SMOLTBOT_DEEP !== "1") console.log("test/integrations: whole checks of pull requests are left to deep runs");
  if (existsSync(join(root, "..", "shared", "data"))) return;
  const needing = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts") && readFileSync(join(root, "test", file), "utf8").includes("shared/data"))
    .sort();
  console.log(`../shared/data is absent: tests on recorded agent runs are skipped (in ${needing.join(", ") || "no file"})`);
}
