import { randomBytes } from "node:crypto";
import { openRegistry, type RegistryService } from "../../src/registry/open.js";
import type { Registry, SourceText } from "../../src/registry/registry.js";
import type { Caller, ServiceFault } from "../../src/registry/services.js";
import { openStore } from "../../src/store/open.js";
import type { Store } from "../../src/store/store.js";

export interface TestRegistry {
  readonly service: RegistryService;
  /** As `tester` of the org `acme`. */
  readonly registry: Registry;
  readonly store: Store;
  readonly faults: ServiceFault[];
  /** What the clock shows; tests move it. */
  nowMs: number;
  as(caller?: Partial<Caller>): Registry;
}

/** A registry on a store in memory, with a clock that stands until it is moved. */
export async function openTestRegistry(given?: Store): Promise<TestRegistry> {
  const store = given ?? (await openStore({ path: ":memory:" }));
  const faults: ServiceFault[] = [];
  const service = openRegistry({
    store,
    place: "memory",
    clock: () => test.nowMs,
    elapsed: () => performance.now(),
    randomBytes: (count) => randomBytes(count),
    later: (afterMs, work) => {
      setTimeout(work, afterMs).unref();
    },
    pause: () => new Promise((resolve) => setImmediate(resolve)),
    warn: (fault) => faults.push(fault),
  });
  const as = (caller: Partial<Caller> = {}) => service.as({ org: "acme", actor: "tester", ...caller });
  const test: TestRegistry = { service, registry: as(), store, faults, nowMs: Date.UTC(2026, 0, 15, 12), as };
  return test;
}

export function yaml(text: string): SourceText {
  return { bytes: new TextEncoder().encode(text), mediaType: "yaml", file: "policy.yaml" };
}

export function json(value: unknown): SourceText {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return { bytes: new TextEncoder().encode(text), mediaType: "json", file: "policy.json" };
}
