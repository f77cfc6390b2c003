import { isatty } from "node:tty";
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
  /** Asks for y or n, on stderr; absent where standard input is no terminal. Anything but yes, also no answer, is no. */
  confirm?(question: string): Promise<boolean>;
  /** What the process will exit with; a command that found something that fails sets it. */
  exitCode: number;
  /** A bar, or a running count, on stderr when that is a terminal, else nothing. */
  progress(title: string): Promise<Progress>;
  /** Calls `stop` at the first Ctrl-C; a second one ends the process at once. Returns what takes the ear away again. */
  onInterrupt(stop: () => void): () => void;
}

export interface Progress {
  /** How far the work is, in words; `share` of it done, 0 to 1, where the end is known. */
  update(done: string, share?: number): void;
  stop(): void;
}

const silent: Progress = { update() {}, stop() {} };

/** The terminal of a process that ends with the command. */
export interface ProcessTerminal extends Terminal {
  /** Sets the exit code; after Ctrl-C the process ends as soon as its output is written, whatever still waits for input. */
  end(code: number): void;
}

/** The process's own streams. A reader that goes away early (`| head`) ends the output quietly; a full disk is said. */
export function openTerminal(): ProcessTerminal {
  let interrupted = false;
  let unread = false;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // What the command was asked to do is done all the same, and its exit code says how it went.
    if (error.code === "EPIPE") unread = true;
    if (unread) return;
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
    ...(isatty(0) ? { confirm: askYesNo } : {}),
    exitCode: EXIT_OK,
    paint: colored(process.stdout) ? marks() : plain,
    colorErrors: colored(process.stderr),
    out(text) {
      if (!unread) process.stdout.write(text);
    },
    err: (text) => void process.stderr.write(text),
    progress: (title) => (process.stderr.isTTY ? bar(title) : Promise.resolve(silent)),
    onInterrupt(stop) {
      let asked = false;
      const hear = () => {
        if (asked) return process.exit(EXIT_FAILED);
        asked = true;
        interrupted = true;
        process.stderr.write("\nStopping; the report covers what was read so far. Ctrl-C again ends at once.\n");
        stop();
      };
      process.on("SIGINT", hear);
      return () => void process.off("SIGINT", hear);
    },
    end(code) {
      process.exitCode = code;
      if (interrupted) process.stdout.write("", () => process.exit());
    },
  };
}

async function askYesNo(question: string): Promise<boolean> {
  const { createInterface } = await import("node:readline");
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await new Promise<string>((resolve) => {
    // The end of the input and Ctrl-C are answers, too.
    lines.once("close", () => resolve(""));
    lines.once("SIGINT", () => resolve(""));
    lines.question(`${question} (y/N) `, resolve);
  });
  lines.close();
  return /^\s*y(?:es)?\s*$/i.test(answer);
}

/** Only a terminal gets colours, and not when the user asked for none. */
function colored(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
}

function marks(): Paint {
  const colors = pc.createColors(true);
  return { strong: colors.bold, faint: colors.dim, pass: colors.green, warn: colors.yellow, fail: colors.red };
}

/** With a known end a bar with the time left; otherwise the display counts instead of promising a share. */
async function bar(title: string): Promise<Progress> {
  const { default: cliProgress } = await import("cli-progress");
  const display = new cliProgress.SingleBar({
    // A line that wraps could not be drawn over.
    format: (_options, params, payload: Shown) =>
      shown(title, payload, (Date.now() - Number(params.startTime)) / 1000).slice(0, (process.stderr.columns ?? 80) - 1),
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    fps: 10,
  });
  let started = false;
  return {
    update(done, share) {
      const payload: Shown = { done, share };
      if (started) display.update(1, payload);
      else display.start(2, 1, payload);
      started = true;
    },
    stop() {
      if (started) display.stop();
    },
  };
}

interface Shown {
  readonly done: string;
  readonly share: number | undefined;
}

const barColumns = 24;

/** One line of the display. */
export function shown(title: string, { done, share }: Shown, seconds: number): string {
  if (share === undefined) return `${title} ${done}  ${duration(seconds)}`;
  const part = Math.min(1, share);
  const full = Math.floor(part * barColumns);
  const drawn = `${"█".repeat(full)}${"░".repeat(barColumns - full)}`;
  // The first moments say nothing of the rest.
  const left = share < 0.005 || seconds < 0.5 ? "" : `  ${duration((seconds * (1 - part)) / part)} left`;
  return `${title} ${drawn} ${String(Math.floor(part * 100)).padStart(3)}%  ${done}${left}`;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
