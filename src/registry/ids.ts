import { RegistryFailure } from "./failure.js";

const idLengthMax = 128;

/** Ids of orgs, teams, agents: what is safe in a path, a header, a file name and a log. `.` and `..` are not. */
export function isId(text: unknown): text is string {
  return typeof text === "string" && text.length <= idLengthMax && /^[A-Za-z0-9._-]+$/.test(text) && !/^\.\.?$/.test(text);
}

/** @throws RegistryFailure `invalid_request` */
export function checkedId(text: unknown, path: string): string {
  if (isId(text)) return text;
  const message = `an id is 1 to ${idLengthMax} of A-Z a-z 0-9 . _ -`;
  throw new RegistryFailure("invalid_request", `${path} is no id`, { details: [{ path, message }] });
}
