import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The least that can be done with a column: read it, 16 bytes at a time, in two sums that do not wait for each other. */
const source = `
export function base(): usize { return (__heap_base + 63) & ~63; }
export function read(from: usize, count: u32): u32 {
  const end = from + (<usize>count << 2);
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  for (let at = from; at < end; at += 32) {
    a = i32x4.add(a, v128.load(at));
    b = i32x4.add(b, v128.load(at, 16));
  }
  a = i32x4.add(a, b);
  return i32x4.extract_lane(a, 0) + i32x4.extract_lane(a, 1) + i32x4.extract_lane(a, 2) + i32x4.extract_lane(a, 3);
}`;

/** A function that reads the ids, which were put into linear memory before the clock starts. A multiple of 8 ids. */
export function compileReader(ids) {
  // Compiled elsewhere, and never grown: a process that has detached a buffer runs every loop over typed arrays slower.
  const options = { optimizeLevel: 3, noAssert: true, runtime: "stub", use: ["abort="], enable: ["simd"] };
  const program = `import asc from "assemblyscript/asc";
    const [source, options] = JSON.parse(process.argv[1]);
    const { error, binary } = await asc.compileString(source, options);
    if (error) throw error;
    process.stdout.write(Buffer.from(binary).toString("base64"));`;
  const request = JSON.stringify([source, { ...options, initialMemory: Math.ceil(ids.byteLength / 65_536) + 1 }]);
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", program, request], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    encoding: "utf8",
  });
  if (child.status !== 0) throw new Error(`the reader does not compile: ${child.stderr}`);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(child.stdout, "base64")));
  const at = exports.base();
  new Uint32Array(exports.memory.buffer, at, ids.length).set(ids);
  const expected = ids.reduce((sum, id) => (sum + id) | 0, 0);
  if (exports.read(at, ids.length) !== expected) throw new Error("the reader reads something else");
  return () => exports.read(at, ids.length);
}
