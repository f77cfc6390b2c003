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

const letters = "abcdefghijklmnopqrstuvwxyz0123456789";

/** So many of a-z0-9, each as likely as the others. */
export function randomLetters(randomBytes: (count: number) => Uint8Array, count: number): string {
  const fair = 256 - (256 % letters.length);
  let text = "";
  while (text.length < count) {
    for (const byte of randomBytes(count)) {
      if (byte < fair && text.length < count) text += letters[byte % letters.length];
    }
  }
  return text;
}

export function newPolicyId(randomBytes: (count: number) => Uint8Array): string {
  return `pol-${randomLetters(randomBytes, 20)}`;
}
