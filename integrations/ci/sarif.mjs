/** SARIF logs of several runs as one, and the problems of `validate` as SARIF. */

const schema = "https://json.schemastore.org/sarif-2.1.0.json";

/**
 * One log with one run: code scanning takes one run for each tool and category. Rules are joined by id, a result that two logs
 * share is kept once, and places are moved to where the folder stands in the repository.
 */
export function joinLogs(logs, { category, prefix = "" }) {
  const rules = new Map();
  const results = new Map();
  const notifications = [];
  let driver;
  let successful = true;
  for (const run of logs.flatMap((log) => log.runs)) {
    driver ??= run.tool.driver;
    for (const rule of run.tool.driver.rules ?? []) if (!rules.has(rule.id)) rules.set(rule.id, rule);
    for (const result of run.results ?? []) results.set(identity(result), result);
    for (const invocation of run.invocations ?? []) {
      successful &&= invocation.executionSuccessful;
      notifications.push(...(invocation.toolExecutionNotifications ?? []));
    }
  }
  const { rules: _, ...tool } = driver ?? { name: "smoltbot-policy" };
  const indexes = new Map([...rules.keys()].map((id, index) => [id, index]));
  const run = {
    tool: { driver: { ...tool, rules: [...rules.values()] } },
    automationDetails: { id: `${category}/` },
    invocations: [{ executionSuccessful: successful, toolExecutionNotifications: notifications }],
    results: [...results.values()].map((result) => ({
      ...result,
      ...(indexes.has(result.ruleId) && { ruleIndex: indexes.get(result.ruleId) }),
    })),
    columnKind: "utf16CodeUnits",
  };
  return { $schema: schema, version: "2.1.0", runs: [prefix === "" ? run : moved(run, uriOf(prefix))] };
}

/** Two runs may find the same; only its place in the list of rules differs. */
function identity({ ruleIndex: _, ...result }) {
  return JSON.stringify(result);
}

/** Every relative address below `prefix`. */
function moved(value, prefix) {
  if (Array.isArray(value)) return value.map((each) => moved(each, prefix));
  if (value === null || typeof value !== "object") return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, moved(each, prefix)]));
  const uri = copy.artifactLocation?.uri;
  if (typeof uri !== "string" || /^(?:[a-z][a-z0-9+.-]*:|\/)/i.test(uri)) return copy;
  return { ...copy, artifactLocation: { ...copy.artifactLocation, uri: joined(prefix, uri) } };
}

/** `a/b/` and `../c` as `a/c`. */
function joined(prefix, uri) {
  const parts = [];
  for (const part of `${prefix}${uri}`.split("/")) {
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

/** A path as a relative URI reference. */
export function uriOf(path) {
  return path.replaceAll("\\", "/").split("/").map(encodeURIComponent).join("/");
}

/** Results without a place, such as those about a default that nobody wrote, stand at the top of the policy: viewers ask for one. */
export function placed(log, file) {
  if (file === undefined) return log;
  const top = [{ physicalLocation: { artifactLocation: { uri: uriOf(file) }, region: { startLine: 1 } } }];
  const place = (result) => (result.locations?.length > 0 ? result : { ...result, locations: top });
  return { ...log, runs: log.runs.map((run) => ({ ...run, results: (run.results ?? []).map(place) })) };
}

const levels = { error: "error", warning: "warning", notice: "note" };

/** What `policy validate --format json` says, as a log. */
export function validationLog({ files }) {
  const found = files.flatMap(({ file, diagnostics }) => diagnostics.map((each) => ({ ...each, file: each.file ?? file })));
  const rules = new Map(found.map(({ code }) => [code, { id: code, shortDescription: { text: code.replaceAll("_", " ") } }]));
  const results = found.map(({ code, level, message, fix, file, line, column }) => ({
    ruleId: code,
    level: levels[level] ?? "error",
    message: { text: `${message}; ${fix}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(file) },
          region: { startLine: Math.max(1, line ?? 1), ...(column > 0 && { startColumn: column }) },
        },
      },
    ],
  }));
  const driver = { name: "smoltbot-policy", rules: [...rules.values()] };
  return { $schema: schema, version: "2.1.0", runs: [{ tool: { driver }, results }] };
}
