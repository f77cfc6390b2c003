import type { CodeEntry } from "./entry.js";

/** Bytes, YAML and JSON: what goes wrong before anybody asks what the document says. */
export const documentCodes = {
  source_too_large: {
    level: "error",
    title: "the file is too large",
    meaning: "The file has more bytes than the cap for its kind (16 MiB for policies, cards and configuration).",
    fix: "check that this is the right file, or replace long lists of names by globs",
  },
  encoding_utf16: {
    level: "error",
    title: "the file is UTF-16 or UTF-32",
    meaning: "The file begins like UTF-16 or UTF-32 text. Only UTF-8 is read, with or without a byte order mark.",
    fix: "save the file as UTF-8",
  },
  encoding_invalid: {
    level: "error",
    title: "the text is not valid Unicode",
    meaning:
      "A byte sequence is not UTF-8 (overlong forms count), or a string given to the library holds half of a surrogate pair.",
    fix: "save the file as UTF-8",
  },
  control_character: {
    level: "error",
    title: "a raw control character",
    meaning:
      "NUL and other control characters may not stand in the text itself; a carriage return only right before a line feed.",
    fix: 'remove the character, or write it as an escape such as "\\u0007" inside double quotes',
  },
  document_empty: {
    level: "error",
    title: "nothing in the document",
    meaning: "The file is empty or holds only white space and comments.",
    fix: "write the document, or start from what `smoltbot policy init` makes",
  },
  yaml_syntax: {
    level: "error",
    title: "the YAML does not parse",
    meaning: "The text breaks a rule of YAML 1.2: indentation, quoting, a missing comma or colon, and the like.",
    fix: "correct the text at this place",
  },
  json_syntax: {
    level: "error",
    title: "the JSON does not parse",
    meaning: "The text breaks a rule of JSON (RFC 8259).",
    fix: "correct the text at this place",
  },
  too_deep: {
    level: "error",
    title: "nested too deeply",
    meaning: "Lists and mappings are nested deeper than the cap of 16; a policy needs 5.",
    fix: "remove the extra nesting",
  },
  duplicate_key: {
    level: "error",
    title: "the same key twice",
    meaning: "A mapping has one key twice, so one of the two values would be lost without a word.",
    fix: "rename or remove one of the two",
  },
  key_not_text: {
    level: "error",
    title: "a key that is not text",
    meaning: "A key is missing, or is a list or a mapping.",
    fix: "use plain or quoted text as the key",
  },
  number_not_finite: {
    level: "error",
    title: "not a finite number",
    meaning: "Infinity, not-a-number, or a number too large for a double.",
    fix: "write an ordinary number",
  },
  lone_surrogate: {
    level: "error",
    title: "half of a surrogate pair",
    meaning: 'An escape such as "\\ud800" gives half a character, which no UTF-8 text can hold.',
    fix: "write both halves of the pair, or the character itself",
  },
  yaml_alias: {
    level: "error",
    title: "a YAML alias",
    meaning: "Aliases (`*name`) are refused: they hide what a rule says and can make a small file huge.",
    fix: "write the value out; a glob that begins with `*` needs quotes",
  },
  yaml_anchor: {
    level: "error",
    title: "a YAML anchor",
    meaning: "Anchors (`&name`) are refused together with the aliases that use them.",
    fix: "remove the anchor; text that begins with `&` needs quotes",
  },
  yaml_tag: {
    level: "error",
    title: "a YAML tag",
    meaning: "Tags (`!name`, `!!type`) are refused: they change what a value is.",
    fix: "remove the tag; text that begins with `!` needs quotes",
  },
  yaml_merge_key: {
    level: "error",
    title: "a YAML merge key",
    meaning: "The merge key `<<` is refused: a rule must be readable where it stands.",
    fix: "write the keys out; a name that is really `<<` needs quotes",
  },
  yaml_directive: {
    level: "error",
    title: "a YAML directive",
    meaning: "Directives (`%YAML`, `%TAG`) are refused: they change how the rest is read.",
    fix: "remove the line; the file is read as YAML 1.2",
  },
  yaml_second_document: {
    level: "error",
    title: "a second document",
    meaning: "The file goes on with another YAML document after `---` or `...`; only one is read from a file.",
    fix: "put each document into a file of its own",
  },
  wrong_type: {
    level: "error",
    title: "a value of the wrong type",
    meaning: "The value is not of the type this place asks for, for example a list where text is expected.",
    fix: "write a value of the expected type",
  },
  missing_key: {
    level: "error",
    title: "a required key is missing",
    meaning: "The mapping lacks a key that it must have.",
    fix: "add the key",
  },
  unknown_key: {
    level: "error",
    title: "an unknown key",
    meaning:
      "The key means nothing here. Unknown keys are errors because a mistyped section would otherwise mean no rules at all.",
    fix: "correct or remove the key",
  },
  unknown_value: {
    level: "error",
    title: "a value that is not one of the choices",
    meaning: "The place takes one of a few words, spelled exactly, in lower case.",
    fix: "use one of the listed words",
  },
  list_too_short: {
    level: "error",
    title: "a list that may not be empty",
    meaning: "The list needs at least one entry.",
    fix: "add an entry, or remove the rule around it",
  },
  number_out_of_range: {
    level: "error",
    title: "a number out of range",
    meaning: "The number is below the least or above the greatest value this place takes.",
    fix: "use a number within the range",
  },
  text_too_long: {
    level: "error",
    title: "a text that is too long",
    meaning: "A name, reason, description or example has more than 4,096 bytes.",
    fix: "shorten the text",
  },
  more_problems: {
    level: "notice",
    title: "further problems were counted",
    meaning: "Only the first 50 problems are shown; the message says how many more there are.",
    fix: "correct the ones above and run the command again",
  },
} as const satisfies Record<string, CodeEntry>;
