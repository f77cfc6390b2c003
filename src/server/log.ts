import { type DestinationStream, pino } from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** The part of pino that the server uses. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface OpenLog extends Log {
  /** Writes what waits. */
  flush(): void;
}

/**
 * Lines of JSON. Fields are chosen one by one where they are logged, so no header, body or key gets in; should one ever be handed over,
 * the names that carry secrets are blanked.
 */
export function openLog(level: LogLevel, to?: DestinationStream): OpenLog {
  // Many lines a second: written in pieces, and the rest at the end.
  const destination = to ?? pino.destination({ fd: 1, sync: false, minLength: 0 });
  const secrets = ["authorization", "headers.authorization", "secret", "key", "password", "url"];
  const log = pino(
    { level, base: null, redact: { paths: secrets, censor: "[secret]" }, timestamp: pino.stdTimeFunctions.isoTime },
    destination,
  );
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    flush: () => {
      if ("flushSync" in destination && typeof destination.flushSync === "function") destination.flushSync();
    },
  };
}

/** An error for the log: with its stack, which no user sees, and causes; passwords in addresses are cut out. */
export function errorFields(error: unknown): object {
  if (!(error instanceof Error)) return { error: { message: withoutPasswords(String(error)) } };
  const { name, message, stack, cause } = error;
  return {
    error: {
      name,
      message: withoutPasswords(message),
      stack: withoutPasswords(stack ?? ""),
      ...(cause instanceof Error && { cause: withoutPasswords(cause.message) }),
    },
  };
}

function withoutPasswords(text: string): string {
  return text
    .replace(/:\/\/[^\s/@]{1,500}@/g, "://[secret]@")
    .replace(/sbk_([a-z0-9]{1,16})_[A-Za-z0-9_-]{1,100}/g, "sbk_$1_[secret]");
}
