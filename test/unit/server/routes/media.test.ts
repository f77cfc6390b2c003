import { expect, test } from "vitest";
import { prefersYaml, typeOf } from "../../../../src/server/routes/media.js";

test.each([
  [undefined, false],
  ["", false],
  ["*/*", false],
  ["application/json", false],
  ["application/yaml", true],
  ["text/yaml", true],
  ["Application/YAML; charset=utf-8", true],
  ["application/yaml, application/json", false],
  ["application/json;q=0.5, application/yaml", true],
  ["application/yaml;q=0.4, application/json;q=0.5", false],
  ["application/yaml, */*", true],
  ["application/yaml;q=0", false],
  ["application/yaml;q=nonsense", false],
  ["text/html, application/xhtml+xml, */*;q=0.8", false],
])("Accept %s: YAML %s", (accept, yaml) => expect(prefersYaml(accept)).toBe(yaml));

test("the type of a text is the one it was published with", () => {
  expect(typeOf("yaml")).toContain("application/yaml");
  expect(typeOf("json")).toContain("application/json");
});
