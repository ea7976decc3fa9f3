import { expect, test } from "vitest";
import { foldAll, inOrder, judge, neighbour } from "./incidents";
import type { EventRow, Review } from "./model";

const event = (number: number, change: Partial<EventRow> = {}): EventRow => ({
  number,
  incident: `pole/1/${number}`,
  seq: number,
  device: "pole",
  camera: "north",
  function: "intrusion",
  rule: "yard",
  place: "yard",
  thing: "person",
  phase: "start",
  captured_utc_ms: 0,
  stored_utc_ms: 0,
  clock_error_ms: null,
  score_percent: null,
  duration_ms: null,
  measured: null,
  review: null,
  is_bench: false,
  ...change,
});

const end = event(3, { incident: "pole/1/1", phase: "end" });
const said: Review = { verdict: "confirmed", note: "", reviewer: "ana", reviewed_utc_ms: 1 };

test("the events of one incident are one row, in whatever order they come", () => {
  for (const events of [
    [event(1), event(2), end],
    [end, event(2), event(1), end],
  ]) {
    const rows = inOrder(foldAll(new Map(), events));
    expect(rows.map((row) => [row.first.number, row.last.phase])).toEqual([
      [2, "start"],
      [1, "end"],
    ]);
  }
});

test("a verdict stands until it is withdrawn, and outlives an update", () => {
  const known = judge(foldAll(new Map(), [event(1)]), 1, said);
  const later = foldAll(known, [end]);
  expect(later.get("pole/1/1")?.review).toEqual(said);
  expect(judge(later, 1, { ...said, verdict: "withdrawn" }).get("pole/1/1")?.review).toBeNull();
  expect(judge(later, 99, said)).toBe(later);
});

test("moving stops at both ends and starts at the top", () => {
  const rows = inOrder(foldAll(new Map(), [event(1), event(2)]));
  expect(neighbour(rows, null, 1)?.first.number).toBe(2);
  expect(neighbour(rows, "pole/1/2", -1)?.first.number).toBe(2);
  expect(neighbour(rows, "pole/1/2", 10)?.first.number).toBe(1);
  expect(neighbour([], null, 1)).toBeNull();
});
