// The script and the style of the HTML report as text, each with the hash its content policy names: the page may run this text
// and no other. Bundled from src/report/html/.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, transform } from "esbuild";
import { root, writeAtomically } from "./freshness.mjs";

const bundled = await build({
  absWorkingDir: root,
  entryPoints: ["src/report/html/page/main.ts"],
  bundle: true,
  format: "iife",
  platform: "browser",
  target: ["chrome109", "firefox115", "safari16"],
  minify: true,
  write: false,
  legalComments: "none",
  charset: "ascii",
  logLevel: "error",
});
const script = bundled.outputFiles[0].text.trim();
const css = readFileSync(join(root, "src/report/html/page.css"), "utf8");
const style = (
  await transform(css, { loader: "css", minify: true, charset: "ascii", target: ["chrome109", "firefox115", "safari16"] })
).code.trim();

// Inside its element neither text may hold what ends the element or changes how the parser reads it.
if (/<\/script|<!--/i.test(script)) throw new Error("the page's script holds what would end its element");
if (/<\/style|<!--/i.test(style)) throw new Error("the page's style holds what would end its element");

const hash = (text) => `sha256-${createHash("sha256").update(text).digest("base64")}`;
writeAtomically(
  join(root, "src/report/html/page.generated.ts"),
  `// Made by scripts/generate-page.mjs from src/report/html/page/ and page.css.
export const pageScript = ${JSON.stringify(script)};
export const pageScriptHash = ${JSON.stringify(hash(script))};
export const pageStyle = ${JSON.stringify(style)};
export const pageStyleHash = ${JSON.stringify(hash(style))};
`,
);
