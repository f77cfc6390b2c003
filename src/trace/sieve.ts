import { scannerModule } from "./scanner.js";

/** What `look` finds, as in assembly/scan/sieve.ts. Anything but `sameSession` alone wants a closer look. */
export const sieveFlags = { call: 1, two: 2, spelled: 4, otherSession: 8, sameSession: 16 } as const;

interface SieveExports {
  readonly memory: WebAssembly.Memory;
  base(): number;
  sieve(at: number, end: number, session: number, sessionBytes: number): number;
}

const pageBytes = 65_536;
/** The sieve reads a little past the end of a line, and before its start. */
const padBytes = 128;
/** Longer lines are not worth a place here: they are looked at where they are. */
const lineBytesMax = 256 * 1024;
const sessionBytesMax = 256;

let shared: Sieve | "absent" | undefined;

/** One pass in WASM over a line of a transcript. Holds no state but the session that is looked for; one serves all readers. */
export class Sieve {
  private readonly wasm: SieveExports;
  private readonly bytes: Uint8Array;
  private readonly sessionAt: number;
  private readonly lineAt: number;
  private session = "";

  /** Undefined where there is no WASM with SIMD. */
  static shared(): Sieve | undefined {
    if (shared === undefined) {
      const module = scannerModule();
      shared = module === undefined ? "absent" : new Sieve(module);
    }
    return shared === "absent" ? undefined : shared;
  }

  private constructor(module: WebAssembly.Module) {
    this.wasm = new WebAssembly.Instance(module).exports as unknown as SieveExports;
    this.sessionAt = this.wasm.base() + padBytes;
    this.lineAt = this.sessionAt + sessionBytesMax + padBytes;
    const missing = this.lineAt + lineBytesMax + padBytes - this.wasm.memory.buffer.byteLength;
    if (missing > 0) this.wasm.memory.grow(Math.ceil(missing / pageBytes));
    this.bytes = new Uint8Array(this.wasm.memory.buffer);
  }

  /** Flags of a line without its end, or undefined when it is too long. `session`: plain text, as it stands in the line. */
  look(line: Uint8Array, session: string): number | undefined {
    if (line.length > lineBytesMax) return undefined;
    if (session !== this.session) {
      this.session = session;
      for (let i = 0; i < session.length && i < sessionBytesMax; i++) this.bytes[this.sessionAt + i] = session.charCodeAt(i);
    }
    this.bytes.set(line, this.lineAt);
    const sessionBytes = session.length > sessionBytesMax ? 0 : session.length;
    return this.wasm.sieve(this.lineAt, this.lineAt + line.length, this.sessionAt, sessionBytes);
  }
}
