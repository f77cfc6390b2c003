import { Worker } from "node:worker_threads";
import type { WorkerOptions } from "./options.js";
import type { ReadConfig } from "./read-source.js";
import { type FromThread, messagesToldAtOnce, type ThreadStart, type ToThread, type Unit } from "./thread-messages.js";

/** Times a unit is begun before its threads dying is taken for a fault of the unit. */
const attemptsMax = 2;

/** Memory of a thread for objects that are soon gone: what it reads goes into columns, and without a word V8 takes 48 MB. */
const youngObjectsMb = 16;

/** What comes of a unit, in order. `restarted`: its thread died, and all that follows starts over with the unit. */
export type UnitEvent = FromThread | { readonly kind: "restarted" } | { readonly kind: "failed"; readonly message: string };

/** A unit on its way through a thread. */
export class UnitRun {
  attempts = 0;
  /** Number of the thread all events to come are from. */
  thread = 0;
  private readonly events: UnitEvent[] = [];
  private wake: (() => void) | undefined;
  private closed = false;

  constructor(
    readonly unit: Unit,
    private readonly onTaken: (run: UnitRun) => void,
  ) {}

  /** The next event; undefined once the pool was closed. After `done` or `failed` there is none. */
  async next(): Promise<UnitEvent | undefined> {
    while (this.events.length === 0 && !this.closed) await new Promise<void>((resolve) => (this.wake = resolve));
    if (this.closed) return undefined;
    const event = this.events.shift();
    if (event !== undefined && event.kind !== "restarted" && event.kind !== "failed") this.onTaken(this);
    return event;
  }

  put(event: UnitEvent): void {
    this.events.push(event);
    this.wake?.();
  }

  /** What was not taken is dropped: the unit will say it again. */
  restart(): void {
    this.events.length = 0;
    this.put({ kind: "restarted" });
  }

  close(): void {
    this.closed = true;
    this.wake?.();
  }
}

interface Thread {
  readonly number: number;
  readonly worker: Worker;
  run: UnitRun | undefined;
  /** Messages of the run that were taken since the thread heard of it. */
  untold: number;
}

/**
 * Threads that read units, in the order they are given. A thread that dies has its unit begun once more on a fresh one;
 * then the unit fails. Threads are started as units come, at most `options.count`.
 */
export class ThreadPool {
  private readonly threads = new Set<Thread>();
  private readonly waiting: UnitRun[] = [];
  private readonly runs = new Set<UnitRun>();
  private started = 0;
  private closed = false;

  constructor(
    private readonly options: WorkerOptions,
    private readonly config: ReadConfig,
  ) {}

  start(unit: Unit): UnitRun {
    const run = new UnitRun(unit, (taken) => this.tell(taken));
    // Stopped while the part was looked for: nobody would wake who waits for it.
    if (this.closed) run.close();
    this.runs.add(run);
    this.waiting.push(run);
    this.assign();
    return run;
  }

  /** Ends all threads at once; every run wakes up. */
  async close(): Promise<void> {
    this.closed = true;
    for (const run of this.runs) run.close();
    await Promise.all([...this.threads].map(({ worker }) => worker.terminate()));
  }

  private assign(): void {
    while (this.waiting.length > 0 && !this.closed) {
      const thread = [...this.threads].find(({ run }) => run === undefined) ?? this.newThread();
      if (thread === undefined) return;
      const run = this.waiting.shift() as UnitRun;
      run.attempts++;
      run.thread = thread.number;
      thread.run = run;
      thread.untold = 0;
      send(thread, { kind: "unit", unit: run.unit });
    }
  }

  private newThread(): Thread | undefined {
    if (this.threads.size >= this.options.count) return undefined;
    const workerData: ThreadStart = { config: this.config };
    // Flags of the process, such as those of a test runner, are not for a thread that only reads.
    const resourceLimits = { maxYoungGenerationSizeMb: youngObjectsMb };
    const worker = new Worker(this.options.url, { workerData, execArgv: [], resourceLimits });
    const thread: Thread = { number: ++this.started, worker, run: undefined, untold: 0 };
    this.threads.add(thread);
    worker.on("message", (message: FromThread) => this.take(thread, message));
    worker.on("messageerror", (error) => this.lose(thread, error.message));
    worker.on("error", (error) => this.lose(thread, error.message));
    worker.on("exit", (code) => this.lose(thread, `it ended with code ${code}`));
    return thread;
  }

  private take(thread: Thread, message: FromThread): void {
    const { run } = thread;
    run?.put(message);
    if (run === undefined || message.kind !== "done") return;
    thread.run = undefined;
    this.runs.delete(run);
    this.assign();
  }

  private lose(thread: Thread, message: string): void {
    if (!this.threads.delete(thread) || this.closed) return;
    void thread.worker.terminate();
    const { run } = thread;
    thread.run = undefined;
    if (run === undefined) return;
    if (run.attempts >= attemptsMax) run.put({ kind: "failed", message });
    else {
      run.restart();
      this.waiting.unshift(run);
    }
    this.assign();
  }

  private tell(run: UnitRun): void {
    for (const thread of this.threads) {
      if (thread.run !== run || ++thread.untold < messagesToldAtOnce) continue;
      send(thread, { kind: "taken", messages: thread.untold });
      thread.untold = 0;
    }
  }
}

function send(thread: Thread, message: ToThread): void {
  thread.worker.postMessage(message);
}
