import { mkdirSync } from "node:fs";
import { StoreUnavailable } from "./failures.js";
import { codeOf, unavailable } from "./unavailable.js";

/** For what nobody else on the machine may read. @throws StoreUnavailable */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const place = `the folder ${folder}`;
    if (codeOf(error) === "EEXIST")
      throw new StoreUnavailable(`${place} cannot be made: a file of that name is there`, { cause: error });
    throw unavailable(error, place) ?? error;
  }
}
