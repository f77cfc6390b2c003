import { setTimeout as sleep } from "node:timers/promises";
import type { InjectOptions, LightMyRequestResponse } from "fastify";
import type { ServiceFault } from "../registry/services.js";
import { Credentials } from "./credentials.js";
import { ClientGone } from "./failures.js";
import { Frame } from "./frame.js";
import { Health } from "./health.js";
import { Listener } from "./listener.js";
import { isLoopback } from "./local.js";
import { Metrics } from "./metrics.js";
import { Overload } from "./overload.js";
import type { ServerParts } from "./parts.js";

/** Why a server does not start. */
export class ServerRefused extends Error {
  override readonly name = "ServerRefused";

  constructor(readonly reason: "public_without_keys" | "proxy_without_keys") {
    super(reason);
  }
}

/** @throws ServerRefused; StoreUnavailable */
export async function createServer(parts: ServerParts): Promise<RegistryServer> {
  const { store, options, clock } = parts;
  const keys = await store.keys.countLive(clock());
  if (keys === 0 && !isLoopback(options.host)) throw new ServerRefused("public_without_keys");
  if (keys === 0 && options.trustProxy) throw new ServerRefused("proxy_without_keys");
  const server = new RegistryServer(parts, keys === 0);
  await server.ready();
  return server;
}

/** The registry over HTTP, from listening to the last answer. */
export class RegistryServer {
  readonly #frame: Frame;
  readonly #listener: Listener;
  readonly #credentials: Credentials;
  readonly #health: Health;
  readonly #metrics: Metrics;
  readonly #overload: Overload;
  readonly #stopFollowing: () => void;
  #closing: Promise<void> | undefined;

  constructor(
    private readonly parts: ServerParts,
    open: boolean,
  ) {
    const { store, registryOf, clock, elapsed, options, readings } = parts;
    this.#overload = new Overload(elapsed);
    this.#metrics = new Metrics({ inFlight: () => this.#overload.inFlight, readings });
    this.#health = new Health(store, elapsed);
    const openOrg = open ? options.org : undefined;
    this.#credentials = new Credentials({ store, registryOf, clock, elapsed, openOrg });
    this.#stopFollowing = store.changes.listen((changes) => void this.#credentials.heard(changes));
    this.#frame = new Frame({ ...parts, credentials: this.#credentials, health: this.#health, metrics: this.#metrics });
    this.#listener = new Listener({
      handle: (request, response) => this.#frame.route(request, response),
      overload: this.#overload,
      onShed: () => this.#metrics.shed(),
    });
  }

  /** Whether callers need no key at present. */
  get open(): boolean {
    return this.#credentials.open;
  }

  async ready(): Promise<void> {
    await this.#frame.ready();
  }

  /** @throws what Node says of an address that cannot be listened on */
  async listen(): Promise<{ readonly address: string; readonly port: number }> {
    const { address, port } = await this.#listener.listen(this.parts.options.host, this.parts.options.port);
    return { address, port };
  }

  /** A request without a network. */
  inject(request: InjectOptions): Promise<LightMyRequestResponse> {
    return this.#frame.inject(request);
  }

  /** A fault that an operation survived: for the log and the metrics. */
  survived({ kind, message, org, agent }: ServiceFault): void {
    this.#metrics.fault(kind);
    this.parts.log.warn({ kind, org, agent, fault: message }, "fault");
  }

  /**
   * Tells watchers that it stops, takes no new connections, finishes what is in flight, and cuts what is left after `drainMs`. The
   * store stays open: it is not ours.
   */
  close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing;
  }

  async #drain(): Promise<void> {
    const { elapsed, options } = this.parts;
    this.#health.draining = true;
    if (this.#listener.listening) {
      if (options.noticeMs > 0) await sleep(options.noticeMs);
      this.#listener.stopListening();
      const endMs = elapsed() + options.drainMs;
      while (this.#overload.inFlight > 0 && elapsed() < endMs) {
        await sleep(10);
        this.#listener.closeIdle();
      }
      this.#frame.abortAll(new ClientGone("the server is stopping"));
      // Time to say so to those who are being cut off.
      if (this.#overload.inFlight > 0) await sleep(100);
      this.#listener.closeAll();
    }
    this.#stopFollowing();
    this.#metrics.close();
    await this.#frame.close();
  }
}
