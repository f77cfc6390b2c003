/**
 * ISO 8601 as people write it into a file: a date, or a date and a time; a time without a zone is UTC. Epoch milliseconds, or
 * undefined for what is no date, also for days that no month has.
 */
export function dateMs(text: string): number | undefined {
  const trimmed = text.trim();
  const found = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:\d{2})?)?$/i.exec(trimmed);
  if (found === null) return undefined;
  const [, year, month, date, time = "00:00:00", zone = "Z"] = found;
  if (new Date(Date.UTC(Number(year), Number(month) - 1, Number(date))).getUTCDate() !== Number(date)) return undefined;
  const ms = Date.parse(`${trimmed.slice(0, 10)}T${time}${zone.toUpperCase()}`);
  return Number.isNaN(ms) ? undefined : ms;
}
