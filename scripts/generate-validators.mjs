// Compiles the JSON Schemas ahead of time, so that nothing is compiled with `new Function` when a policy is read
// and ajv itself is not loaded. The output is plain ESM: ajv's run-time pieces are bundled into it.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import standaloneCode from "ajv/dist/standalone/index.js";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = join(root, "src/syntax/schemas");
const out = join(root, "src/syntax/validators.generated");

const schemas = readdirSync(folder)
  .filter((file) => file.endsWith(".schema.json"))
  .sort()
  .map((file) => ({ name: basename(file, ".schema.json"), schema: JSON.parse(readFileSync(join(folder, file), "utf8")) }));

const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false, messages: false, code: { source: true, esm: true } });
// Written out, because ajv joins the errors of a referenced part by copying all errors before it: quadratic in the errors.
for (const { schema } of schemas) ajv.addSchema(writtenOut(schema, schema.definitions ?? {}));
const exported = Object.fromEntries(schemas.map(({ name, schema }) => [name, schema.$id]));
const code = standaloneCode.default(ajv, exported);
const tables = `export const properties = ${JSON.stringify(Object.fromEntries(schemas.map(({ name, schema }) => [name, propertyTable(schema)])))};\n`;

const bundled = await build({
  stdin: { contents: code + tables, resolveDir: root, loader: "js" },
  bundle: true,
  format: "esm",
  platform: "neutral",
  mainFields: ["main"],
  target: "es2022",
  minify: true,
  write: false,
  legalComments: "none",
  logLevel: "error",
});
// The bundled piece keeps, as a text, the call that would have loaded it.
const text = bundled.outputFiles[0].text.replaceAll('require("ajv/dist/runtime/ucs2length").default', "");
if (text.includes("require(")) throw new Error("the compiled validators still need require()");

const names = schemas.map(({ name }) => name);
writeFileSync(`${out}.js`, `// Made by scripts/generate-validators.mjs from src/syntax/schemas/.\n${text}`);
writeFileSync(
  `${out}.d.ts`,
  `// Made by scripts/generate-validators.mjs from src/syntax/schemas/.
export interface SchemaError {
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}
export interface Validator {
  (value: unknown): boolean;
  errors?: readonly SchemaError[] | null;
}
/** The keys known at each place of a document; a star in the place is any key or index. */
export type PropertyTable = Readonly<Record<string, readonly string[]>>;
${names.map((name) => `export declare const ${name}: Validator;`).join("\n")}
export declare const properties: { ${names.map((name) => `readonly ${name}: PropertyTable`).join("; ")} };
`,
);

/** What refers to itself is written out once; the reader of the document checks what lies deeper, level by level. */
function writtenOut(part, definitions, open = []) {
  if (Array.isArray(part)) return part.map((item) => writtenOut(item, definitions, open));
  if (typeof part !== "object" || part === null) return part;
  if (part.$ref) {
    const name = part.$ref.split("/").at(-1);
    return open.includes(name) ? {} : writtenOut(definitions[name], definitions, [...open, name]);
  }
  const entries = Object.entries(part).filter(([key, value]) => key !== "definitions" || value !== definitions);
  return Object.fromEntries(entries.map(([key, value]) => [key, writtenOut(value, definitions, open)]));
}

/** Every place an object or list of the schema can stand, `*` for any key or index, with the keys known there. */
function propertyTable(schema) {
  const table = {};
  const walk = (part, place, open = []) => {
    if (part.$ref) {
      const name = part.$ref.split("/").at(-1);
      return open.includes(name) ? undefined : walk(schema.definitions[name], place, [...open, name]);
    }
    if (part.properties) table[place] = Object.keys(part.properties);
    else if (part.items || part.additionalProperties) table[place] = [];
    for (const [key, value] of Object.entries(part.properties ?? {})) walk(value, `${place}/${key}`, open);
    for (const value of [part.items, part.additionalProperties]) if (typeof value === "object") walk(value, `${place}/*`, open);
  };
  walk(schema, "");
  return table;
}
