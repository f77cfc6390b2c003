// Makes the source files that are derived from others: the compiled schema validators and the WASM kernel as text.
// They are ignored by git and made anew on every machine, so nothing in the repository has to be believed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "./crc32.mjs";
import { filesUnder, root, whenChanged, writeAtomically } from "./freshness.mjs";

const kernelFile = "src/engine/kernel.generated.ts";
const pageFile = "src/report/html/page.generated.ts";
const scannerFile = "src/trace/scanner.generated.ts";
const cutterFile = "src/trace/span-cutter.generated.ts";
const versionFile = "src/version.generated.ts";

await generateVersion();
await generateKernel();
await generateScanner();
await generateCutter();
await generateValidators();
await generatePage();

async function generateVersion() {
  await whenChanged("version", { inputs: ["package.json", "scripts/generate.mjs"], outputs: [versionFile] }, () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    writeAtomically(
      join(root, versionFile),
      `/** The version of this package, as its package.json says. */\nexport const version = ${JSON.stringify(version)};\n`,
    );
  });
}

async function generateKernel() {
  if (!existsSync(join(root, "assembly/index.ts"))) return note("assembly/index.ts is absent, so there is no kernel yet");
  const inputs = ["assembly", "asconfig.json", "src/artifact/layout.ts", "scripts/generate.mjs", "scripts/crc32.mjs"];
  const salt = toolVersion("assemblyscript");
  const ran = await whenChanged("kernel", { inputs, outputs: [kernelFile], salt }, () => {
    writeAtomically(join(root, kernelFile), kernelModule(compileModule("kernel", ["assembly/index.ts"])));
  });
  return ran;
}

function kernelModule(bytes) {
  return `// Made by scripts/generate.mjs from assembly/ with the options of asconfig.json.
export const kernelByteCount = ${bytes.length};
/** CRC-32 (IEEE) of the bytes. */
export const kernelCrc32 = 0x${crc32(bytes).toString(16).padStart(8, "0")};
export const kernelSha256 = "${createHash("sha256").update(bytes).digest("hex")}";
export const kernelBase64 =
  "${bytes.toString("base64")}";
`;
}

/** The scanner of JSON lines: a module of its own, because the evaluator ships without it. */
async function generateScanner() {
  const inputs = ["assembly/scan", "scripts/generate.mjs"];
  await whenChanged("scanner", { inputs, outputs: [scannerFile], salt: toolVersion("assemblyscript") }, () => {
    const bytes = compileModule("scanner", ["assembly/scan/index.ts", "--config", "assembly/scan/asconfig.json"]);
    const text = `// Made by scripts/generate.mjs from assembly/scan/ with the options of its asconfig.json.
export const scannerBase64 =
  "${bytes.toString("base64")}";
`;
    writeAtomically(join(root, scannerFile), text);
  });
}

/** The cutter of OTLP spans, likewise. */
async function generateCutter() {
  const inputs = ["assembly/spans", "assembly/scan/dictionary.ts", "scripts/generate.mjs"];
  await whenChanged("cutter", { inputs, outputs: [cutterFile], salt: toolVersion("assemblyscript") }, () => {
    const bytes = compileModule("cutter", ["assembly/spans/index.ts", "--config", "assembly/spans/asconfig.json"]);
    const text = `// Made by scripts/generate.mjs from assembly/spans/ with the options of its asconfig.json.
export const cutterBase64 =
  "${bytes.toString("base64")}";
`;
    writeAtomically(join(root, cutterFile), text);
  });
}

/** Runs the AssemblyScript compiler; the module must not import anything. */
function compileModule(name, args) {
  const folder = mkdtempSync(join(tmpdir(), `smoltbot-${name}-`));
  const wasm = join(folder, `${name}.wasm`);
  run("asc", [...args, "--outFile", wasm]);
  const bytes = readFileSync(wasm);
  rmSync(folder, { recursive: true });
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
  if (imports.length > 0) fail(`the ${name} must not import anything, but imports ${JSON.stringify(imports)}`);
  note(`${name}: ${bytes.length} bytes`);
  return bytes;
}

async function generateValidators() {
  const script = "scripts/generate-validators.mjs";
  if (!existsSync(join(root, script))) return note(`${script} is absent, so there are no schema validators yet`);
  const inputs = [script, "src/syntax", "schemas"].flatMap(filesUnder).filter((f) => f === script || f.endsWith(".json"));
  await whenChanged("validators", { inputs, salt: toolVersion("ajv") }, () => {
    run(process.execPath, [script]);
    return filesUnder("src/syntax").filter((file) => file.includes(".generated."));
  });
}

async function generatePage() {
  const script = "scripts/generate-page.mjs";
  const inputs = [script, "src/report", "src/diagnostics/escape.ts", "src/limits.ts"]
    .flatMap(filesUnder)
    .filter((file) => !file.includes(".generated."));
  await whenChanged("page", { inputs, outputs: [pageFile], salt: toolVersion("esbuild") }, () => run(process.execPath, [script]));
}

function toolVersion(name) {
  return JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version;
}

function run(command, args) {
  const local = join(root, "node_modules", ".bin", command);
  const result = spawnSync(existsSync(local) ? local : command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (result.status !== 0) fail(`${command} ${args[0]} failed`);
}

function note(text) {
  process.stderr.write(`generate: ${text}\n`);
}

function fail(text) {
  note(text);
  process.exit(1);
}
