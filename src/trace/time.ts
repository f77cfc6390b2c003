/** `YYYY-MM-DD`, then optionally `T` or a space, a time, a fraction of any length, and a zone. */
const isoTime = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?\s?([Zz]|[+-]\d\d(?::?\d\d)?)?)?$/;

/**
 * Epoch milliseconds of a time as traces write it, or undefined. ISO 8601 with `T` or a space; a time without a zone is
 * UTC, so that a replay gives the same answer everywhere. Numbers, also as text, are seconds, milliseconds, microseconds
 * or nanoseconds, told apart by their size (every year from 1973 to 5138 is unambiguous).
 */
export function parseTime(value: unknown): number | undefined {
  if (typeof value === "number") return epochMs(value);
  if (typeof value !== "string") return undefined;
  const match = isoTime.exec(value);
  if (match === null) return /^\d{9,19}(?:\.\d+)?$/.test(value) ? epochMs(Number(value)) : undefined;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "0", zone] = match;
  const days = Date.UTC(Number(year), Number(month) - 1, Number(day));
  const date = new Date(days);
  const exists = date.getUTCDate() === Number(day) && date.getUTCMonth() === Number(month) - 1;
  const inRange = exists && Number(hour) < 24 && Number(minute) < 60 && Number(second) < 61;
  if (!inRange) return undefined;
  const clock = (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
  return days + clock * 1000 + Math.floor(Number(`0.${fraction}`) * 1000) - zoneMs(zone);
}

function zoneMs(zone: string | undefined): number {
  if (zone === undefined || zone === "Z" || zone === "z") return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.length > 3 ? zone.slice(-2) : 0);
  return (zone.startsWith("-") ? -minutes : minutes) * 60_000;
}

function epochMs(value: number): number | undefined {
  if (!(value >= 1e8 && value < 1e20)) return undefined;
  if (value < 1e11) return Math.floor(value * 1000);
  if (value < 1e14) return Math.floor(value);
  return Math.floor(value < 1e17 ? value / 1e3 : value / 1e6);
}
