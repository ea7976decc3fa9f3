/** Events folded into incidents: one incident, one row. Pure, so that tests hold it. */

import type { EventRow, Review } from "./model";

export interface Incident {
  id: string;
  /** The event that a review is about: the START, or the first event known of it. */
  first: EventRow;
  /** The newest event of it. */
  last: EventRow;
  review: Review | null;
}

export type Incidents = ReadonlyMap<string, Incident>;

/** The incidents with one more event in; the same event again brings only its review up to date. */
export function fold(incidents: Incidents, event: EventRow): Incidents {
  const known = incidents.get(event.incident);
  const first = known && known.first.seq < event.seq ? known.first : event;
  const last = known && known.last.seq >= event.seq ? known.last : event;
  const review = first === event ? event.review : (known?.review ?? null);
  return new Map(incidents).set(event.incident, { id: event.incident, first, last, review });
}

/** As `fold`, for many events at once. */
export function foldAll(incidents: Incidents, events: readonly EventRow[]): Incidents {
  return events.reduce(fold, incidents);
}

/** The newest first; what was stored later stands higher. */
export function inOrder(incidents: Incidents): Incident[] {
  return [...incidents.values()].sort((a, b) => b.first.number - a.first.number);
}

/** The incidents with a review of one event in; a withdrawn review leaves none. */
export function judge(incidents: Incidents, number: number, review: Review): Incidents {
  for (const incident of incidents.values()) {
    if (incident.first.number !== number) continue;
    const standing = review.verdict === "withdrawn" ? null : review;
    return new Map(incidents).set(incident.id, { ...incident, review: standing });
  }
  return incidents;
}

/** The row to go to from `id` by `step`; stays inside the list. */
export function neighbour(rows: readonly Incident[], id: string | null, step: number) {
  const at = rows.findIndex((row) => row.id === id);
  if (at < 0) return rows[0] ?? null;
  return rows[Math.max(0, Math.min(rows.length - 1, at + step))] ?? null;
}
