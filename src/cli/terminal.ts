import pc from "picocolors";
import type { Paint } from "../report/paint.js";
import { plain } from "../report/paint.js";
import { EXIT_FAILED, EXIT_OK } from "./exit-codes.js";

/** Where a command writes: results to stdout, everything a person should know beside them to stderr. */
export interface Terminal {
  /** Marks for stdout. */
  readonly paint: Paint;
  /** Whether diagnostics on stderr may be coloured. */
  readonly colorErrors: boolean;
  out(text: string): void;
  err(text: string): void;
  /** Standard input, for `--traces -`. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** What the process will exit with; a command that found something that fails sets it. */
  exitCode: number;
  /** A running count on stderr when that is a terminal, else nothing. */
  progress(title: string): Promise<Progress>;
}

export interface Progress {
  /** How far the work is, in words. */
  update(done: string): void;
  stop(): void;
}

const silent: Progress = { update() {}, stop() {} };

/** The process's own streams. A reader that goes away early (`| head`) ends the output quietly; a full disk is said. */
export function openTerminal(): Terminal {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    const what = `standard output cannot be written (${error.code ?? "unknown error"})`;
    process.stderr.write(`error file_not_written: ${what}\n  what to do: make room, or send the output elsewhere\n`);
    process.exit(EXIT_FAILED);
  });
  // A closed stderr leaves nobody to tell; the exit code still says how the command ended.
  process.stderr.on("error", () => {});
  return {
    // Asked for only when it is read: opening it costs, and may hold the process.
    get stdin() {
      return process.stdin;
    },
    exitCode: EXIT_OK,
    paint: colored(process.stdout) ? marks() : plain,
    colorErrors: colored(process.stderr),
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    progress: (title) => (process.stderr.isTTY ? bar(title) : Promise.resolve(silent)),
  };
}

/** Only a terminal gets colours, and not when the user asked for none. */
function colored(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
}

function marks(): Paint {
  const colors = pc.createColors(true);
  return { strong: colors.bold, faint: colors.dim, pass: colors.green, warn: colors.yellow, fail: colors.red };
}

/** The end of the work is not known while it is read, so the display counts instead of promising a share. */
async function bar(title: string): Promise<Progress> {
  const { default: cliProgress } = await import("cli-progress");
  const single = new cliProgress.SingleBar({
    format: `${title} {done}  {duration_formatted}`,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    fps: 10,
  });
  let started = false;
  return {
    update(done) {
      if (started) single.update(1, { done });
      else single.start(2, 1, { done });
      started = true;
    },
    stop() {
      if (started) single.stop();
    },
  };
}
