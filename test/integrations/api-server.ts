import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface Comment {
  readonly id: number;
  body: string;
  readonly user: { readonly id: number; readonly type: string };
  readonly author: { readonly id: number };
}

export interface ApiServer {
  readonly url: string;
  /** Method and path of every request, in order. */
  readonly requests: string[];
  readonly comments: Comment[];
  /** Tokens that came along, as the service reads them. */
  readonly tokens: Set<string>;
}

export interface ApiBehaviour {
  /** Status of every answer to a request that writes. */
  readonly refuses?: number;
  /** Who the token belongs to; a job's own token may not ask. */
  readonly me?: number;
  readonly comments?: readonly Comment[];
  readonly answer?: string;
  readonly redirectsTo?: string;
}

export const bot = 41898282;

export function commentBy(id: number, author: number, body: string, type = "User"): Comment {
  return { id, body, user: { id: author, type }, author: { id: author } };
}

/**
 * As much of the two services as a comment needs, told by the path: `/repos/a/b/issues/7/comments` and `/issues/comments/3` of
 * GitHub, `/projects/1/merge_requests/7/notes/3` of GitLab, both with pages of what was asked for, oldest first.
 */
export async function apiServer(behaviour: ApiBehaviour = {}): Promise<ApiServer> {
  const comments = [...(behaviour.comments ?? [])];
  const requests: string[] = [];
  const tokens = new Set<string>();
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "", "http://api");
    requests.push(`${request.method} ${url.pathname}${url.search}`);
    tokens.add(String(request.headers["private-token"] ?? request.headers.authorization));
    const body = await textOf(request);
    if (behaviour.redirectsTo !== undefined) return response.writeHead(307, { location: behaviour.redirectsTo }).end();
    const [status, answer] = answerTo(request.method ?? "", url, body);
    response.writeHead(status, { "content-type": "application/json" }).end(behaviour.answer ?? JSON.stringify(answer));
  });

  function answerTo(method: string, url: URL, body: string): [number, unknown] {
    if (url.pathname === "/user") return behaviour.me === undefined ? [403, {}] : [200, { id: behaviour.me }];
    if (method === "GET") {
      const [length, page] = ["per_page", "page"].map((name) => Number(url.searchParams.get(name)));
      return [200, comments.slice((page - 1) * length, page * length)];
    }
    if (behaviour.refuses !== undefined) return [behaviour.refuses, { message: "Resource not accessible by integration" }];
    const text = (JSON.parse(body) as { body: string }).body;
    if (method === "POST") {
      const made = commentBy(comments.length + 1000, behaviour.me ?? bot, text, "Bot");
      comments.push(made);
      return [201, made];
    }
    const found = comments.find(({ id }) => url.pathname.endsWith(`/${id}`));
    if (found === undefined) return [404, {}];
    found.body = text;
    return [200, found];
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, comments, tokens };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}
