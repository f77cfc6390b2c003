// Writes schemas/openapi.json anew from the route table, src/server/routes/table.ts.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const bundled = await build({
  stdin: {
    contents: 'export { openApiDocument } from "./src/server/openapi.ts"; export { routes } from "./src/server/routes/table.ts";',
    resolveDir: root,
    loader: "ts",
  },
  bundle: true,
  format: "esm",
  platform: "node",
  write: false,
  logLevel: "error",
});
const { openApiDocument, routes } = await import(`data:text/javascript,${encodeURIComponent(bundled.outputFiles[0].text)}`);
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
mkdirSync(join(root, "schemas"), { recursive: true });
writeFileSync(join(root, "schemas/openapi.json"), `${JSON.stringify(openApiDocument(routes, version), null, 2)}\n`);
execFileSync(join(root, "node_modules/.bin/biome"), ["format", "--write", "schemas/openapi.json"], {
  cwd: root,
  stdio: "ignore",
});
