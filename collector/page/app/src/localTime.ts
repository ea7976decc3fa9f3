/** Times as people give them: on the clock of a zone, in a field of date and time. */

const DAY_MS = 86_400_000;

/** As a field of a date and a time wants it: on a clock of the zone, whole seconds. */
export function inputTime(utcMs: number, zone: string): string {
  // The Swedish way of writing is the field's, but for the letter between date and time.
  const swedish = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone,
    dateStyle: "short",
    timeStyle: "medium",
  });
  return swedish.format(utcMs).replace(" ", "T");
}

/**
 * The moment of such a field. Of an hour that comes twice it is the first; a time that no clock
 * showed, because summer began, is as far behind the change as it claims to be.
 */
export function utcOf(local: string, zone: string): number {
  const wallMs = Date.parse(`${local}Z`);
  const [before, after] = [wallMs - DAY_MS, wallMs + DAY_MS].map(
    (utcMs) => wallMs - (Date.parse(`${inputTime(utcMs, zone)}Z`) - utcMs),
  ) as [number, number];
  const isShown = (utcMs: number) => inputTime(utcMs, zone) === inputTime(wallMs, "UTC");
  return isShown(before) || !isShown(after) ? before : after;
}
