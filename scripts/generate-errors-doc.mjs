// Writes docs/errors.md anew from the catalogue in src/diagnostics/ and the codes of src/artifact/errors.ts.
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { errorsDocument } from "./errors-document.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const bundled = await build({
  stdin: {
    contents:
      'export { catalogue } from "./src/diagnostics/codes.ts"; export { artifactErrors } from "./src/artifact/errors.ts";',
    resolveDir: root,
    loader: "ts",
  },
  bundle: true,
  format: "esm",
  platform: "neutral",
  write: false,
  logLevel: "error",
});
const { catalogue, artifactErrors } = await import(`data:text/javascript,${encodeURIComponent(bundled.outputFiles[0].text)}`);
writeFileSync(join(root, "docs/errors.md"), errorsDocument(catalogue, artifactErrors));
