import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { connectionsMax, headersMsMax, requestHeaderBytesMax, requestReadMsMax, sendIdleMsMax } from "../limits.js";
import type { Overload } from "./overload.js";

export interface ListenerOptions {
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  readonly overload: Overload;
  readonly onShed: () => void;
  /** Tests shorten it. */
  readonly sendIdleMs?: number | undefined;
}

const restMsMax = 2_000;
const busy = JSON.stringify({ error: "unavailable", message: "the server has more to do than it can: try again" });
const busyHeaders = {
  "content-type": "application/json; charset=utf-8",
  "content-length": Buffer.byteLength(busy),
  "retry-after": "1",
  "cache-control": "no-store",
};
/** Asked by those who watch the server, and cheap. */
const alwaysAnswered = new Set(["/healthz", "/readyz", "/metrics"]);

/** Node's HTTP server with bounds on everything a client can draw out, and requests turned away before anybody looks at them. */
export class Listener {
  readonly #server: Server;

  constructor({ handle, overload, onShed, sendIdleMs = sendIdleMsMax }: ListenerOptions) {
    const times = { headersTimeout: headersMsMax, requestTimeout: requestReadMsMax, keepAliveTimeout: 65_000 };
    const bounds = { maxHeaderSize: requestHeaderBytesMax, connectionsCheckingInterval: 1_000, insecureHTTPParser: false };
    this.#server = createServer({ ...times, ...bounds, noDelay: true }, (request, response) => {
      response.once("close", () => endRest(request));
      if (overload.refuses() && !alwaysAnswered.has(request.url ?? "")) {
        onShed();
        response.writeHead(503, busyHeaders).end(busy);
        return;
      }
      response.on("timeout", cutUnread);
      overload.inFlight++;
      response.once("close", () => {
        overload.inFlight--;
      });
      handle(request, response);
    });
    this.#server.timeout = sendIdleMs;
    // More of them than are allowed are refused by us, not dropped unseen.
    this.#server.maxHeadersCount = 0;
    this.#server.maxConnections = connectionsMax;
    this.#server.on("clientError", answerUnreadable);
    this.#server.on("connect", (_request, socket: Socket) =>
      socket.end("HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\n\r\n"),
    );
  }

  listen(host: string, port: number): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port, backlog: 1024 }, () => {
        this.#server.off("error", reject);
        resolve(this.#server.address() as AddressInfo);
      });
    });
  }

  get listening(): boolean {
    return this.#server.listening;
  }

  stopListening(): void {
    if (this.#server.listening) this.#server.close();
    this.#server.closeIdleConnections();
  }

  closeIdle(): void {
    this.#server.closeIdleConnections();
  }

  closeAll(): void {
    this.#server.closeAllConnections();
  }
}

/** An answer that nobody takes is not kept; one that is still being made has its time. */
function cutUnread(socket: Socket): void {
  if (socket.writableLength > 0) socket.destroy();
}

/** A body that nobody wanted is taken in for a moment, so that the connection can go on; then it is cut. */
function endRest(request: IncomingMessage): void {
  if (request.complete || request.socket.destroyed) return;
  const { socket } = request;
  setTimeout(() => {
    if (!request.complete) socket.destroy();
  }, restMsMax).unref();
}

/** Bytes that are no request, or too large or too slow a one. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const [status, message] =
    error.code === "HPE_HEADER_OVERFLOW"
      ? ["431 Request Header Fields Too Large", `headers may have ${requestHeaderBytesMax} bytes together`]
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? ["408 Request Timeout", "the request came too slowly"]
        : ["400 Bad Request", "this is not an HTTP request"];
  const body = JSON.stringify({ error: "invalid_request", message });
  const headers = `Content-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
  socket.end(`HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${body}`, () => socket.destroy());
}
