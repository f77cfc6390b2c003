import { defineConfig, type Plugin } from "vitest/config";

/** `SMOLTBOT_TARGET=build` runs the same tests against what is shipped: `../src/x.js` of a test becomes `../build/x.js`. */
const built = process.env.SMOLTBOT_TARGET === "build";

function testTheBuild(): Plugin {
  const here = import.meta.dirname;
  return {
    name: "test-the-build",
    enforce: "pre",
    resolveId(source, importer) {
      if (importer === undefined || !importer.startsWith(`${here}/test/`)) return null;
      const above = /^((?:\.\.\/)+)src\/(.+)\.(?:js|ts)$/.exec(source);
      return above === null ? null : `${here}/build/${above[2]}.js`;
    },
  };
}

export default defineConfig({
  plugins: built ? [testTheBuild()] : [],
  test: {
    include: ["test/**/*.test.ts"],
    // Whole checks of pull requests start some hundred processes; pipelines and `npm run check:deep` run them.
    exclude: process.env.SMOLTBOT_DEEP === "1" ? [] : ["test/integrations/{comment,compare,steps}.test.ts"],
    globalSetup: ["test/support/announce.ts"],
    // Deep runs do many times as much in one test.
    testTimeout: process.env.SMOLTBOT_DEEP === "1" ? 900_000 : 60_000,
    hookTimeout: 60_000,
    // Two cores are the machines this runs on; every suite is deterministic, so files may share them freely.
    pool: "forks",
    // The default leaves one core idle; of two that is half the machine.
    maxWorkers: "100%",
    allowOnly: false,
    env: { NO_COLOR: "1", TZ: "UTC" },
  },
});
