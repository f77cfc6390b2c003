import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { openApiDocument } from "../src/server/openapi.js";
import { componentSchemas } from "../src/server/routes/schemas/components.js";
import { routes } from "../src/server/routes/table.js";

const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };

interface Shown {
  readonly operationId: string;
  readonly parameters: readonly { readonly in: string; readonly name: string; readonly required: boolean }[];
  readonly requestBody?: { readonly content: object };
  readonly responses: Readonly<Record<string, object>>;
  readonly tags: readonly string[];
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Shown>>>>;
  readonly tags: readonly { readonly name: string }[];
}

const document = JSON.parse(JSON.stringify(openApiDocument(routes, version))) as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

test("schemas/openapi.json is made from the route table as it is now (node scripts/openapi.mjs)", () => {
  expect(JSON.parse(readFileSync("schemas/openapi.json", "utf8"))).toEqual(document);
});

test("every route is in it, once", () => {
  expect(operations.map(({ operation }) => operation.operationId).sort()).toEqual(
    routes.map(({ operation }) => operation).sort(),
  );
  expect(new Set(routes.map(({ operation }) => operation)).size).toBe(routes.length);
  expect(new Set(routes.map(({ method, path }) => `${method} ${path}`)).size).toBe(routes.length);
});

test("every reference leads somewhere", () => {
  const references: string[] = [];
  JSON.stringify(document, (key, value) => {
    if (key === "$ref") references.push(value as string);
    return value;
  });
  expect(references.length).toBeGreaterThan(100);
  for (const reference of new Set(references)) {
    const target = reference
      .replace(/^#\//, "")
      .split("/")
      .reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], document);
    expect(target, reference).toBeTypeOf("object");
  }
});

test.each(operations)("$method $path", ({ path, operation }) => {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const declared = operation.parameters.filter((parameter) => parameter.in === "path");
  expect(declared.map(({ name }) => name)).toEqual(inPath);
  expect(declared.every(({ required }) => required)).toBe(true);
  expect(new Set(operation.parameters.map((parameter) => `${parameter.in} ${parameter.name}`)).size).toBe(
    operation.parameters.length,
  );
  expect(Object.keys(operation.responses).some((status) => status.startsWith("2"))).toBe(true);
  expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(["400", "401", "403", "429", "500", "503"]));
  expect(operation.requestBody === undefined).toBe(!("415" in operation.responses));
  for (const tag of operation.tags) expect(document.tags.map(({ name }) => name)).toContain(tag);
});

describe("the schemas", () => {
  const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
  ajv.addVocabulary(["components"]);
  ajv.addSchema({ $id: "openapi", components: { schemas: componentSchemas } });
  const validator = (name: string) => {
    const found = ajv.compile({ $ref: `openapi#/components/schemas/${name}` });
    return (value: unknown) => (found(value) ? [] : (found.errors ?? []));
  };

  test.each(Object.keys(componentSchemas))("%s can be checked, and fits its own examples", (name) => {
    const errors = validator(name);
    const examples = (componentSchemas[name]?.["examples"] ?? []) as readonly unknown[];
    for (const example of examples) expect(errors(example)).toEqual([]);
    expect(errors(7)).not.toEqual([]);
  });

  test("every shape of the interface has one", () => {
    const shapes = readFileSync("src/registry/shapes.ts", "utf8").matchAll(/^export interface (\w+)/gm);
    expect(Object.keys(componentSchemas)).toEqual(expect.arrayContaining([...shapes].map(([, name]) => nameOf(name ?? ""))));
  });

  test("every schema is used", () => {
    const text = JSON.stringify(document);
    const unused = Object.keys(componentSchemas).filter((name) => !text.includes(`"#/components/schemas/${name}"`));
    expect(unused).toEqual([]);
  });
});

/** Where the name of a type in the code says less than the one in the document. */
function nameOf(shape: string): string {
  return shape === "FindingShape" ? "Finding" : shape;
}
