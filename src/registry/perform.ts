import { inPlaceUnitsMax } from "../limits.js";
import { type PolicyTasks, policyTasks } from "./policy-tasks.js";
import type { Effects } from "./surroundings.js";

/** Proofs about all names explore: a second even for some of the smallest policies. */
const exploring: ReadonlySet<keyof PolicyTasks> = new Set(["verifyTexts", "checkAgent", "diffReferred", "lintReferred"]);

/** Does a task where it holds nobody up: small ones in place, the others aside where there is such a place. */
export async function perform<K extends keyof PolicyTasks>(
  { aside }: Pick<Effects, "aside">,
  name: K,
  input: Parameters<PolicyTasks[K]>[0],
  units: number,
): Promise<ReturnType<PolicyTasks[K]>> {
  const isLong = units > inPlaceUnitsMax || exploring.has(name);
  const done = aside === undefined || !isLong ? performNamed(name, input) : await aside({ name, input, units });
  return done as ReturnType<PolicyTasks[K]>;
}

/** What another thread is told to do. */
export function performNamed(name: string, input: unknown): unknown {
  if (!Object.hasOwn(policyTasks, name)) throw new TypeError(`there is no such task: ${name}`);
  return (policyTasks[name as keyof PolicyTasks] as (input: unknown) => unknown)(input);
}
