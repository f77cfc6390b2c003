/** The methods that some path takes, HEAD with GET; of a path that matches the pattern of a route. */
export function allowedMethods(routes: readonly { readonly method: string; readonly path: string }[], path: string): string[] {
  const parts = path.split("/");
  const methods = new Set<string>();
  for (const route of routes) {
    const pattern = route.path.split("/");
    const matches =
      pattern.length === parts.length && pattern.every((part, i) => (part.startsWith("{") ? parts[i] !== "" : part === parts[i]));
    if (!matches) continue;
    methods.add(route.method);
    if (route.method === "GET") methods.add("HEAD");
  }
  return [...methods].sort();
}
