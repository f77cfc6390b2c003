import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const root = join(import.meta.dirname, "..", "..");

/** A program of the tests in TypeScript, made ready to run in processes of its own. Inside the project, so that packages are found. */
export class BundledChild {
  private constructor(
    private readonly folder: string,
    readonly file: string,
  ) {}

  static async of(entry: string): Promise<BundledChild> {
    const cache = join(root, "node_modules", ".cache");
    mkdirSync(cache, { recursive: true });
    const folder = mkdtempSync(join(cache, "smoltbot-child-"));
    // Some children run as somebody else.
    chmodSync(folder, 0o755);
    const file = join(folder, "child.mjs");
    await build({
      absWorkingDir: root,
      entryPoints: [join("test", "support", entry)],
      outfile: file,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      packages: "external",
      logLevel: "error",
    });
    return new BundledChild(folder, file);
  }

  start(args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    return spawn(process.execPath, [this.file, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"], ...options });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What a child said until it ended, and how. */
export async function ended(child: ChildProcess): Promise<{ out: string; error: string; code: number | null }> {
  let out = "";
  let error = "";
  child.stdout?.setEncoding("utf8").on("data", (text) => {
    out += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    error += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { out, error, code };
}
