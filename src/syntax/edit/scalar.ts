import { isUnseen } from "../../diagnostics/escape.js";
import type { ScalarNode } from "../node.js";
import type { TextEdit } from "./text-edit.js";

/** Writes another text in the place of one, with the same quotes where they can hold it. */
export function replaceText(text: string, node: ScalarNode, value: string): TextEdit {
  return { start: node.start, end: node.end, text: writtenLike(text, node, value) };
}

function writtenLike(text: string, node: ScalarNode, value: string): string {
  if (node.plain && isPlain(value)) return value;
  if (text[node.start] === "'" && ![...value].some((character) => isUnseen(character.codePointAt(0) as number))) {
    return `'${value.replaceAll("'", "''")}'`;
  }
  return doubleQuoted(value);
}

/** Words that some YAML reader takes for something else than text. */
const taken = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

/** Texts that need no quotes anywhere, in brackets or outside. */
function isPlain(value: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_*?./-]*$/.test(value) && !taken.test(value);
}

/** As JSON, which YAML reads alike; characters that nobody sees are written as escapes. */
function doubleQuoted(value: string): string {
  let written = "";
  for (const character of JSON.stringify(value)) {
    if (isUnseen(character.codePointAt(0) as number)) {
      for (let i = 0; i < character.length; i++) written += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
    } else written += character;
  }
  return written;
}
