// Verifying one glob: two cursors and one retry point, over UTF-8 bytes.

import { GLOB_TEXT_BYTES, GLOB_TEXT_OFFSET } from "../src/artifact/layout";
import { globs, globText } from "./state";

const STAR: u32 = 0x2a;
const QUESTION: u32 = 0x3f;

// @ts-ignore: decorator
@inline
function continuation(byte: u32): bool {
  return (byte & 0xc0) == 0x80;
}

/** Whether glob `id` matches the bytes from `name` to `end`. At most glob bytes x name bytes steps. */
export function matches(id: u32, name: usize, end: usize): bool {
  const record = globs + (<usize>id << 5);
  let t = globText + <usize>load<u32>(record + GLOB_TEXT_OFFSET);
  const textEnd = t + <usize>load<u32>(record + GLOB_TEXT_BYTES);
  let n = name;
  let retryT: usize = 0;
  let retryN: usize = 0;
  while (n < end) {
    const token: u32 = t < textEnd ? load<u8>(t) : 0x100;
    const byte: u32 = load<u8>(n);
    if (token == STAR) {
      retryT = ++t;
      if (t == textEnd) return true;
      retryN = n;
    } else if (token == QUESTION && !continuation(byte)) {
      t++;
      n++;
      while (n < end && continuation(load<u8>(n))) n++;
    } else if (token == byte && token != QUESTION) {
      t++;
      n++;
    } else if (retryT != 0) {
      t = retryT;
      n = ++retryN;
    } else return false;
  }
  while (t < textEnd && load<u8>(t) == STAR) t++;
  return t == textEnd;
}
