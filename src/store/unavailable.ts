import { StoreUnavailable } from "./failures.js";

/** A fault of the database as a sentence for people, or undefined for what is our own mistake. */
export function unavailable(error: unknown, place: string): StoreUnavailable | undefined {
  if (error instanceof StoreUnavailable) return error;
  if (!(error instanceof Error)) return undefined;
  const sentence = sqliteSentence(error) ?? postgresSentence(error) ?? systemSentence(error);
  return sentence === undefined ? undefined : new StoreUnavailable(`${place} ${sentence}`, { cause: error });
}

/** `code` of Node's errors, of better-sqlite3 (`SQLITE_FULL`) and of PostgreSQL (`53100`). */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  if (error.code === "ERR_SQLITE_ERROR" && "errcode" in error)
    return sqliteCodes.get(Number(error.errcode) & 0xff) ?? "SQLITE_ERROR";
  return typeof error.code === "string" ? error.code : undefined;
}

/** What node:sqlite gives as a number. */
const sqliteCodes = new Map([
  [3, "SQLITE_PERM"],
  [5, "SQLITE_BUSY"],
  [6, "SQLITE_LOCKED"],
  [7, "SQLITE_NOMEM"],
  [8, "SQLITE_READONLY"],
  [10, "SQLITE_IOERR"],
  [11, "SQLITE_CORRUPT"],
  [13, "SQLITE_FULL"],
  [14, "SQLITE_CANTOPEN"],
  [15, "SQLITE_PROTOCOL"],
  [19, "SQLITE_CONSTRAINT"],
  [22, "SQLITE_NOLFS"],
  [23, "SQLITE_AUTH"],
  [26, "SQLITE_NOTADB"],
]);

const sqliteSentences: readonly (readonly [string, string])[] = [
  ["SQLITE_FULL", "is full: the disk has no space left, or a limit on the size of files was reached"],
  ["SQLITE_BUSY", "is locked by another process: try again, or end the process that keeps it locked"],
  ["SQLITE_LOCKED", "is locked by another process: try again, or end the process that keeps it locked"],
  ["SQLITE_PROTOCOL", "is locked by another process: try again, or end the process that keeps it locked"],
  ["SQLITE_READONLY", "cannot be written: check the rights of the file and of its folder"],
  ["SQLITE_PERM", "cannot be opened: check the rights of the file and of its folder"],
  ["SQLITE_CANTOPEN", "cannot be opened: check that its folder exists and may be written"],
  ["SQLITE_CORRUPT", "is damaged: restore it from a backup"],
  ["SQLITE_NOTADB", "is not a SQLite database: name another file, or restore it from a backup"],
  ["SQLITE_IOERR", "cannot be read or written: the disk or its file system reports an error"],
  ["SQLITE_NOMEM", "cannot be used: out of memory"],
  ["SQLITE_NOLFS", "is larger than its file system allows"],
];

function sqliteSentence(error: Error): string | undefined {
  const code = codeOf(error);
  if (code === undefined) return undefined;
  return sqliteSentences.find(([prefix]) => code.startsWith(prefix))?.[1];
}

/** SQLSTATE classes and codes; the longest that fits counts. */
const postgresSentences: readonly (readonly [string, string])[] = [
  ["08", "cannot be reached: the connection was lost"],
  ["25006", "cannot be written: it is a read-only replica, or set to read only"],
  ["28", "refuses the user or the password: check DATABASE_URL"],
  ["3D000", "has no such database: create it, or check DATABASE_URL"],
  ["40", "is too busy: other writers came first each time; try again"],
  ["42501", "denies what is needed: the user of DATABASE_URL must own the tables, or may create them"],
  ["53100", "is full: its disk has no space left"],
  ["53200", "is out of memory"],
  ["53300", "has no connection left: raise max_connections, or use fewer or smaller pools"],
  ["53", "is out of resources"],
  ["55P03", "is locked by another transaction: try again, or end the one that keeps it locked"],
  ["57014", "took too long and was stopped: try again"],
  ["57", "is shutting down or not yet up"],
  ["58", "cannot be read or written: its disk or file system reports an error"],
  ["F0", "has a faulty configuration"],
  ["XX", "reports an internal fault or damage: look into its log"],
];

function postgresSentence(error: Error): string | undefined {
  const code = codeOf(error);
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code) || !("severity" in error)) return undefined;
  const fitting = postgresSentences.filter(([prefix]) => code.startsWith(prefix));
  return fitting.sort((a, b) => b[0].length - a[0].length)[0]?.[1];
}

const networkCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
]);

/** Of files and folders; a socket of PostgreSQL is one, too. */
const fileCodes = new Map([
  ["ENOENT", "cannot be opened: it is not there"],
  ["EACCES", "cannot be opened: check the rights of the file and of its folder"],
  ["EPERM", "cannot be opened: check the rights of the file and of its folder"],
  ["EROFS", "cannot be written: its file system is read only"],
  ["ENOSPC", "is full: the disk has no space left, or a limit on the size of files was reached"],
  ["EDQUOT", "is full: the disk has no space left, or a limit on the size of files was reached"],
  ["EMFILE", "cannot be opened: too many files are open"],
  ["ENFILE", "cannot be opened: too many files are open"],
  ["EIO", "cannot be read or written: the disk or its file system reports an error"],
  ["ENOTDIR", "cannot be opened: a part of its path is no folder"],
  ["EISDIR", "cannot be opened: it is a folder"],
  ["ELOOP", "cannot be opened: its path leads in a circle"],
  ["ENAMETOOLONG", "cannot be opened: its path is too long"],
]);

/** What the PostgreSQL driver says without a code. */
const lostConnection =
  /^Connection terminated|^Client has encountered a connection error|^Client was closed|^The server does not support SSL|^Cannot use a pool after calling end|password must be a string|not queryable$/;

function systemSentence(error: Error): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0) return systemSentence(error.errors[0] as Error);
  const code = codeOf(error);
  if (code !== undefined && networkCodes.has(code)) return `cannot be reached: ${code}`;
  const file = fileCodes.get(code ?? "");
  if (file !== undefined) return file;
  if (code?.startsWith("ERR_TLS") || code?.startsWith("CERT_") || code === "DEPTH_ZERO_SELF_SIGNED_CERT") {
    return `cannot be trusted: ${code}`;
  }
  if (/^timeout exceeded when trying to connect|due to connection timeout$/.test(error.message)) {
    return "gives no connection: it does not answer, or all connections are in use for too long";
  }
  return lostConnection.test(error.message) ? "cannot be reached: the connection was lost" : undefined;
}

/** Whether the connection is gone, so that nothing that was not committed is there. */
export function connectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  if (code !== undefined && (code.startsWith("08") || /^57P0[123]$/.test(code) || code === "ECONNRESET" || code === "EPIPE"))
    return true;
  return /^Connection terminated|^Client has encountered a connection error|not queryable$/.test(error.message);
}
