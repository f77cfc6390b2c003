// A process that sends HTTP requests over plain sockets and times the answers. Started by a bench with one line of JSON on stdin:
//   { port, requests: [text, ...], connections, seconds, rate? }
// Without `rate` each connection asks again as soon as it was answered (what can the server do?). With it requests fall due at that
// rate whatever the server does, and time counts from when they fell due (what do its clients see?).
// Prints one line of JSON: answers by status with their times in microseconds, and what was never answered.
import { connect } from "node:net";

let input = "";
for await (const piece of process.stdin) input += piece;
const { port, requests, connections, seconds, rate } = JSON.parse(input);
const bodies = requests.map((text) => Buffer.from(text));

/** Status -> microseconds of each answer. */
const answered = new Map();
/** The same from when a request was sent: without its time in our own queue, where all connections were waiting. */
const served = new Map();
let sent = 0;
let failed = 0;
const due = [];
let firstDue = 0;
const idle = [];
const startedMs = performance.now();
const endMs = startedMs + seconds * 1000;
/** Those who are late get their answers yet. */
const patienceMs = 5000;

class Connection {
  constructor() {
    this.pending = Buffer.alloc(0);
    this.open();
  }

  open() {
    this.sinceMs = undefined;
    this.socket = connect(port, "127.0.0.1");
    this.socket.setNoDelay(true);
    this.socket.on("connect", () => this.free());
    this.socket.on("data", (piece) => this.take(piece));
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      if (this.sinceMs !== undefined) failed++;
      const at = idle.indexOf(this);
      if (at !== -1) idle.splice(at, 1);
      if (performance.now() < endMs) this.open();
    });
  }

  send(dueMs) {
    this.sinceMs = dueMs;
    this.sentMs = performance.now();
    this.socket.write(bodies[sent++ % bodies.length]);
  }

  free() {
    const nowMs = performance.now();
    if (rate === undefined) {
      if (nowMs < endMs) this.send(nowMs);
    } else if (firstDue < due.length) this.send(due[firstDue++]);
    else idle.push(this);
  }

  take(piece) {
    this.pending = this.pending.length === 0 ? piece : Buffer.concat([this.pending, piece]);
    const head = this.pending.indexOf("\r\n\r\n");
    if (head === -1) return;
    const text = this.pending.latin1Slice(0, head).toLowerCase();
    const at = text.indexOf("\r\ncontent-length:");
    const length = at === -1 ? 0 : Number.parseInt(text.slice(at + 17), 10);
    if (this.pending.length < head + 4 + length) return;
    this.pending = this.pending.subarray(head + 4 + length);
    const status = text.slice(9, 12);
    note(answered, status, this.sinceMs);
    note(served, status, this.sentMs);
    this.sinceMs = undefined;
    if (text.includes("\r\nconnection: close")) this.socket.destroy();
    else this.free();
  }
}

function note(times, status, sinceMs) {
  const list = times.get(status) ?? [];
  times.set(status, list);
  list.push(Math.round((performance.now() - sinceMs) * 1000));
}

const all = Array.from({ length: connections }, () => new Connection());
if (rate !== undefined) {
  let made = 0;
  const tick = () => {
    const nowMs = performance.now();
    const wanted = Math.floor(((Math.min(nowMs, endMs) - startedMs) / 1000) * rate);
    for (; made < wanted; made++) {
      const dueMs = startedMs + (made * 1000) / rate;
      const connection = idle.pop();
      if (connection === undefined) due.push(dueMs);
      else connection.send(dueMs);
    }
    if (nowMs < endMs) setTimeout(tick, 1);
  };
  tick();
}
const done = () => all.every((c) => c.sinceMs === undefined) && firstDue === due.length;
setTimeout(function wait() {
  if (!done() && performance.now() < endMs + patienceMs) return void setTimeout(wait, 20);
  const unanswered = all.filter((c) => c.sinceMs !== undefined).length + due.length - firstDue;
  const times = { answered: Object.fromEntries(answered), served: Object.fromEntries(served) };
  process.stdout.write(`${JSON.stringify({ sent, failed, unanswered, seconds, ...times })}\n`, () => process.exit(0));
}, seconds * 1000);
