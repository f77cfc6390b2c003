import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { largeTaskUnitsMin, taskHeapMb, taskMsMax, tasksWaitingMax, tasksWaitingUnitsMax, taskThreadIdleMs } from "../limits.js";
import { RegistryFailure } from "../registry/failure.js";
import type { Aside, AsideTask } from "../registry/surroundings.js";
import type { TaskAnswer, TaskMessage } from "./task-messages.js";

/** Times a task is begun before a thread that dies of it is taken for a fault of the task. */
const attemptsMax = 2;

/** Seconds after which who was turned away asks again: by then some tasks are done. */
const retryAfterS = 5;

export interface TaskThreadsOptions {
  /** The built `task-worker.js`. */
  readonly url: URL;
  readonly taskMsMax?: number | undefined;
  readonly heapMb?: number | undefined;
  readonly waitingMax?: number | undefined;
  readonly idleMs?: number | undefined;
}

/** Where the body of the threads lies: beside the command, or one folder above its chunks; run from source there is none. */
export function taskWorkerUrl(): URL | undefined {
  const places = ["./task-worker.js", "../task-worker.js"].map((path) => new URL(path, import.meta.url));
  return places.find((place) => existsSync(place));
}

/**
 * Two threads for what takes long, one of them for what takes very long, each started when it is first needed and given up when there
 * was nothing for it to do. They do not keep the process alive.
 */
export class TaskThreads {
  readonly #small: TaskThread;
  readonly #large: TaskThread;

  constructor(options: TaskThreadsOptions) {
    this.#small = new TaskThread(options);
    this.#large = new TaskThread(options);
  }

  /** @throws RegistryFailure what the task refuses, or that it cannot be done */
  readonly aside: Aside = (task) => (task.units < largeTaskUnitsMin ? this.#small : this.#large).run(task);

  /** What is under way is given up. */
  async close(): Promise<void> {
    await Promise.all([this.#small.close(), this.#large.close()]);
  }
}

interface Running {
  readonly task: AsideTask;
  readonly done: (value: unknown) => void;
  readonly failed: (error: unknown) => void;
  attempts: number;
}

/** One thread, and what waits for it. */
class TaskThread {
  readonly #waiting: Running[] = [];
  #waitingUnits = 0;
  #running: Running | undefined;
  #worker: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(private readonly options: TaskThreadsOptions) {}

  run(task: AsideTask): Promise<unknown> {
    if (this.#closed) return Promise.reject(unavailable("the server is stopping"));
    const { waitingMax = tasksWaitingMax } = this.options;
    const isFull = this.#waiting.length >= waitingMax || this.#waitingUnits + task.units > tasksWaitingUnitsMax;
    if (this.#running !== undefined && isFull) {
      return Promise.reject(unavailable("too many policies are being looked at; try again"));
    }
    return new Promise((done, failed) => {
      this.#waiting.push({ task, done, failed, attempts: 0 });
      this.#waitingUnits += task.units;
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const gone = [...(this.#running === undefined ? [] : [this.#running]), ...this.#waiting.splice(0)];
    this.#running = undefined;
    for (const { failed } of gone) failed(unavailable("the server is stopping"));
    await this.#worker?.terminate();
  }

  #next(): void {
    if (this.#running !== undefined || this.#closed) return;
    clearTimeout(this.#timer);
    const running = this.#waiting.shift();
    if (running === undefined) {
      this.#timer = setTimeout(() => this.#drop(), this.options.idleMs ?? taskThreadIdleMs).unref();
      return;
    }
    this.#waitingUnits -= running.task.units;
    this.#running = running;
    running.attempts++;
    const limitMs = this.options.taskMsMax ?? taskMsMax;
    this.#timer = setTimeout(() => this.#giveUp(tooLarge(`takes longer than ${limitMs / 1000} s`)), limitMs).unref();
    const message: TaskMessage = { name: running.task.name, input: running.task.input };
    try {
      this.#worker ??= this.#started();
      this.#worker.postMessage(message);
    } catch (error) {
      this.#end().failed(error);
      this.#next();
    }
  }

  #started(): Worker {
    const { url, heapMb = taskHeapMb } = this.options;
    // Flags of the process, such as those of a test runner, are not for a thread that only computes.
    const worker = new Worker(url, { execArgv: [], resourceLimits: { maxOldGenerationSizeMb: heapMb } });
    // A thread that was given up may still say something.
    const ifMine = (work: () => void) => () => this.#worker === worker && work();
    worker.on("message", (answer: TaskAnswer) => ifMine(() => this.#take(answer))());
    worker.on("messageerror", (error) => ifMine(() => this.#died(error))());
    worker.on("error", (error) => ifMine(() => this.#died(error))());
    worker.on("exit", (code) => ifMine(() => this.#died(new Error(`the thread ended with code ${code}`)))());
    // After the listeners, which would hold the process again.
    worker.unref();
    return worker;
  }

  #take(answer: TaskAnswer): void {
    const { done, failed } = this.#end();
    if (answer.kind === "done") done(answer.value);
    else if (answer.kind === "fault") failed(new Error(answer.message));
    else failed(new RegistryFailure(answer.code, answer.message, { details: answer.details }));
    this.#next();
  }

  /** Of a task that is too large it would die again; anything else is tried once more. */
  #died(error: Error): void {
    this.#drop();
    if (this.#running === undefined) return;
    if ((error as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY")
      return this.#giveUp(tooLarge("takes too much memory"));
    if (this.#running.attempts >= attemptsMax) return this.#giveUp(error);
    const again = this.#end();
    this.#waiting.unshift(again);
    this.#waitingUnits += again.task.units;
    this.#next();
  }

  #giveUp(error: Error): void {
    this.#drop();
    this.#end().failed(error);
    this.#next();
  }

  #end(): Running {
    const running = this.#running as Running;
    this.#running = undefined;
    clearTimeout(this.#timer);
    return running;
  }

  #drop(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
  }
}

function unavailable(message: string): RegistryFailure {
  return new RegistryFailure("unavailable", message, { retryAfterS });
}

function tooLarge(why: string): RegistryFailure {
  const message = `the policy is too large: to look at all of it ${why}`;
  return new RegistryFailure("validation_error", message, {
    details: [{ path: "", message, fix: "use fewer or shorter globs" }],
  });
}
