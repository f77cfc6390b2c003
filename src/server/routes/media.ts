/** Whether YAML is asked for before JSON (`Accept`); without a preference it is JSON. */
export function prefersYaml(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const weights = { yaml: 0, json: 0 };
  for (const range of accept.split(",")) {
    const [name = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const weight = weightOf(parameters);
    if (yamlTypes.includes(name)) weights.yaml = Math.max(weights.yaml, weight);
    else if (name === "application/json" || name === "application/*" || name === "*/*") {
      weights.json = Math.max(weights.json, name === "application/json" ? weight : weight / 1000);
    }
  }
  return weights.yaml > weights.json;
}

function weightOf(parameters: readonly string[]): number {
  const given = parameters.find((parameter) => parameter.startsWith("q="));
  if (given === undefined) return 1;
  const weight = Number(given.slice(2));
  return weight >= 0 && weight <= 1 ? weight : 0;
}

export const yamlTypes: readonly string[] = ["application/yaml", "text/yaml", "application/x-yaml", "text/x-yaml"];
export const documentTypes: readonly string[] = ["application/json", ...yamlTypes];

export function typeOf(mediaType: "yaml" | "json"): string {
  return mediaType === "yaml" ? "application/yaml; charset=utf-8" : "application/json; charset=utf-8";
}
