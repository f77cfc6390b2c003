import { parentPort } from "node:worker_threads";
import { RegistryFailure } from "../registry/failure.js";
import { performNamed } from "../registry/perform.js";
import type { TaskAnswer, TaskMessage } from "./task-messages.js";

/** The body of a thread that does what takes long for large policies: one task, one answer. */
const port = parentPort;
if (port === null) throw new Error("this module is the body of a thread");

port.on("message", ({ name, input }: TaskMessage) => {
  const answer = answerOf(name, input);
  port.postMessage(answer, transferable(answer));
});

function answerOf(name: string, input: unknown): TaskAnswer {
  try {
    return { kind: "done", value: performNamed(name, input) };
  } catch (error) {
    if (error instanceof RegistryFailure) {
      return { kind: "refused", code: error.code, message: error.message, details: error.details };
    }
    return { kind: "fault", message: error instanceof Error ? error.message : String(error) };
  }
}

/** Compiled policies are handed over, not copied. */
function transferable(answer: TaskAnswer): readonly ArrayBuffer[] {
  if (answer.kind !== "done") return [];
  const { value } = answer;
  const bytes = value instanceof Uint8Array ? value : (value as { artifact?: unknown } | null)?.artifact;
  if (!(bytes instanceof Uint8Array) || bytes.byteLength !== bytes.buffer.byteLength) return [];
  return [bytes.buffer as ArrayBuffer];
}
