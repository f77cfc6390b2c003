import { randomBytes } from "node:crypto";
import type { Effects } from "../registry/services.js";

/** Clock and chance of this machine, for servers and commands. */
export const systemEffects: Effects = {
  clock: () => Date.now(),
  elapsed: () => performance.now(),
  randomBytes: (count) => randomBytes(count),
  later: (afterMs, work) => {
    setTimeout(work, afterMs).unref();
  },
  pause: () => new Promise((resolve) => setImmediate(resolve)),
};
