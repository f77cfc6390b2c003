import { type Command, InvalidArgumentError, Option } from "commander";
import { escapeText, quoteText } from "../../diagnostics/escape.js";
import { isId } from "../../registry/ids.js";
import type { ServiceFault } from "../../registry/services.js";
import type { RegistryServer } from "../../server/app.js";
import type { LogLevel } from "../../server/log.js";
import { defaultOptions, defaultRates, type Rates } from "../../server/options.js";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.js";
import { failure } from "../failure.js";
import { example, wholeNumber } from "../options.js";
import { placeText, type RegistryPlace, registryOrg, registryPlace } from "../registry/place.js";
import { refusal } from "../registry/refusal.js";
import type { Terminal } from "../terminal.js";

interface Options {
  readonly host: string;
  readonly port: number;
  readonly database?: string;
  readonly org?: string;
  readonly rate?: Partial<Rates>;
  readonly logLevel: LogLevel;
  readonly trustProxy?: boolean;
  readonly noticeSeconds: number;
}

/** Everything has an end, also a stop that hangs. */
const stopMsMax = 10_000;

/** `smoltbot serve`: the registry over HTTP, until SIGTERM or Ctrl-C. */
export function define(command: Command, terminal: Terminal): void {
  command
    .option(
      "--host <address>",
      "where to listen; other than this machine only when the registry has API keys",
      defaultOptions.host,
    )
    .option("--port <number>", "0: any that is free", portNumber, defaultOptions.port)
    .option("--database <url>", "PostgreSQL (default: DATABASE_URL, or the file in SMOLTBOT_HOME or .smoltbot/)")
    .option("--org <id>", "whose registry it is as long as there is no API key (default: SMOLTBOT_ORG, or `default`)", orgId)
    .option("--rate <class=number>", `requests per minute and key; 0: no limit (${classes.join(", ")})`, addRate)
    .addOption(
      new Option("--log-level <level>", "what is logged").choices(["debug", "info", "warn", "error", "silent"]).default("info"),
    )
    .option("--trust-proxy", "believe X-Forwarded-For of the next hop")
    .option("--notice-seconds <number>", "time to listen on after `readyz` says that the server stops", wholeNumber, 0);
  example(command, "$ smoltbot serve", "$ smoltbot serve --host 0.0.0.0 --port 8080 --rate evaluate=0 --rate ingest=600");
  command.action(async (options: Options) => {
    terminal.exitCode = await serve(options, terminal);
  });
}

const classes = Object.keys(defaultRates) as (keyof Rates)[];

function orgId(text: string): string {
  if (!isId(text)) throw new InvalidArgumentError("Give an id: 1 to 128 of A-Z a-z 0-9 . _ -");
  return text;
}

function portNumber(text: string): number {
  const port = wholeNumber(text);
  if (port > 65_535) throw new InvalidArgumentError("Give a port, 0 to 65535.");
  return port;
}

function addRate(text: string, previous: Partial<Rates> | undefined): Partial<Rates> {
  const [name = "", value = ""] = text.split("=");
  const known = classes.find((rateClass) => rateClass === name);
  if (known === undefined) throw new InvalidArgumentError(`Give one of ${classes.join(", ")}, such as evaluate=600.`);
  return { ...previous, [known]: wholeNumber(value) };
}

async function serve(options: Options, terminal: Terminal): Promise<number> {
  const place = placeOf(options);
  const { openLog, errorFields } = await import("../../server/log.js");
  const log = openLog(options.logLevel);
  const { service, server, threads } = await opened(options, place, log);
  const stopped = untilStopped((signal) => log.info({ signal }, "stopping"));
  const fatal = (error: unknown) => {
    log.error(errorFields(error), "the server fails");
    log.flush();
    process.exit(EXIT_FAILED);
  };
  process.once("uncaughtException", fatal);
  try {
    const { address, port } = await listening(server, options);
    terminal.err(greeting(`http://${address.includes(":") ? `[${address}]` : address}:${port}`, place, server.open));
    log.info({ address, port, store: service.services.store.kind, open: server.open }, "listening");
    await stopped;
    setTimeout(() => fatal(new Error("stopping took too long")), stopMsMax + options.noticeSeconds * 1_000).unref();
  } finally {
    await server.close();
    await threads?.close();
    await service.close();
    process.off("uncaughtException", fatal);
  }
  log.info({}, "stopped");
  log.flush();
  return EXIT_OK;
}

function placeOf({ database }: Options): RegistryPlace {
  if (database !== undefined) process.env["DATABASE_URL"] = database;
  if (database !== undefined) delete process.env["SMOLTBOT_URL"];
  const place = registryPlace();
  if (place.kind === "server") throw failure("serve_needs_database", "SMOLTBOT_URL names a server, which cannot be served again");
  return place;
}

async function opened(options: Options, place: RegistryPlace, log: Parameters<typeof serverOn>[2]) {
  const { openStore } = await import("../../store/open.js");
  try {
    const store = await openStore(place.kind === "sqlite" ? { path: place.path } : { url: place.url });
    return await serverOn(options, { store, place }, log);
  } catch (error) {
    throw refusal(error);
  }
}

async function serverOn(
  options: Options,
  { store, place }: { readonly store: import("../../store/store.js").Store; readonly place: RegistryPlace },
  log: import("../../server/log.js").Log,
) {
  const [
    { createServer, ServerRefused },
    { openRegistry },
    { systemEffects },
    { TaskThreads, taskWorkerUrl },
    { routes },
    { openApiDocument },
    { componentSchemas },
    { version },
  ] = await Promise.all([
    import("../../server/app.js"),
    import("../../registry/open.js"),
    import("../../server/effects.js"),
    import("../../server/task-threads.js"),
    import("../../server/routes/table.js"),
    import("../../server/openapi.js"),
    import("../../server/routes/schemas/components.js"),
    import("../../version.generated.js"),
  ]);
  let server: RegistryServer | undefined;
  const url = taskWorkerUrl();
  const threads = url === undefined ? undefined : new TaskThreads({ url });
  const warn = (fault: ServiceFault) => server?.survived(fault);
  const service = openRegistry({ store, ...systemEffects, aside: threads?.aside, place: placeText(place), warn });
  const { host, port, trustProxy = false, rate, noticeSeconds } = options;
  try {
    server = await createServer({
      store,
      ...systemEffects,
      registryOf: (caller) => service.as(caller),
      routes,
      schemas: componentSchemas,
      openapi: () => openApiDocument(routes, version),
      options: {
        ...defaultOptions,
        ...{ host, port, trustProxy, org: options.org ?? registryOrg() },
        rates: { ...defaultRates, ...rate },
        noticeMs: noticeSeconds * 1_000,
      },
      log,
      readings: () => service.services.engines.counts(),
    });
    return { service, server, threads };
  } catch (error) {
    await service.close();
    if (!(error instanceof ServerRefused)) throw error;
    const where = quoteText(host);
    throw error.reason === "public_without_keys"
      ? failure("serve_public_without_keys", `${where} is reached from other machines, and the registry has no API key`)
      : failure("serve_proxy_without_keys", "--trust-proxy serves other machines, and the registry has no API key");
  }
}

async function listening(server: RegistryServer, { host, port }: Options) {
  try {
    return await server.listen();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const why = { EADDRINUSE: "another program listens there", EACCES: "it needs more rights" }[code] ?? code;
    throw failure("serve_address", `${quoteText(host)} port ${port} cannot be listened on: ${why}`);
  }
}

/** The first signal; a second one ends the process at once. */
function untilStopped(told: (signal: string) => void): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => {
        if (asked) process.exit(EXIT_FAILED);
        asked = true;
        told(signal);
        resolve();
      });
    }
  });
}

function greeting(url: string, place: RegistryPlace, open: boolean): string {
  const who = open
    ? "There are no API keys: every program of this machine is served as admin, and nobody else."
    : "Requests need an API key.";
  return `Serving ${placeText(place)} at ${escapeText(url)}\n${who}\n`;
}
