import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Received {
  readonly line: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly atMs: number;
}

export type Answering = (response: ServerResponse, request: Received) => void | Promise<void>;

/** Answers one request after the other as a test says, and keeps what it was sent. The last answer is for all that follow. */
export class FakeServer {
  readonly received: Received[] = [];
  #answers: readonly Answering[] = [];

  private constructor(
    readonly url: string,
    readonly server: Server,
  ) {}

  static async start(): Promise<FakeServer> {
    let fake: FakeServer | undefined;
    const server = createServer((request, response) => void fake?.answer(request, response));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    fake = new FakeServer(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, server);
    return fake;
  }

  next(...answers: readonly Answering[]): void {
    this.#answers = answers;
    this.received.length = 0;
  }

  get lines(): string[] {
    return this.received.map(({ line }) => line);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request) pieces.push(piece as Buffer);
    } catch {
      // The client went away.
    }
    const { method, url, headers } = request;
    const received = { line: `${method} ${url}`, headers, body: Buffer.concat(pieces).toString(), atMs: performance.now() };
    this.received.push(received);
    const answering = this.#answers[Math.min(this.received.length, this.#answers.length) - 1];
    await answering?.(response, received);
  }
}

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answering {
  return (response) =>
    void response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}

export function refused(status: number, error: string, headers: Readonly<Record<string, string>> = {}): Answering {
  return json(status, { error, message: `no: ${error}`, request_id: "r-1" }, headers);
}

export function raw(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Answering {
  return (response) => void response.writeHead(status, headers).end(text);
}

/** The connection ends without an answer. */
export const cut: Answering = (response) => void response.socket?.destroy();

/** The answer begins and does not end. */
export const cutInside: Answering = (response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
  response.write('{"a":');
  setTimeout(() => response.socket?.destroy(), 10);
};

/** No answer at all. */
export const silent: Answering = () => {};

/** What the work is refused with. */
export async function failureOf(work: Promise<unknown>): Promise<Error> {
  return work.then(
    (value) => {
      throw new Error(`was answered: ${JSON.stringify(value)}`);
    },
    (error: Error) => error,
  );
}
