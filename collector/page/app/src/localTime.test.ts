import { expect, test } from "vitest";
import { inputTime, utcOf } from "./localTime";

const PARIS = "Europe/Paris";

test("a field's time is the clock's where the camera stands", () => {
  const utcMs = Date.parse("2026-11-21T13:00:05Z");
  expect(inputTime(utcMs, PARIS)).toBe("2026-11-21T14:00:05");
  expect(inputTime(utcMs, "America/Lima")).toBe("2026-11-21T08:00:05");
  expect(utcOf("2026-11-21T08:00:05", "America/Lima")).toBe(utcMs);
  expect(utcOf("2026-11-21T14:00", PARIS)).toBe(utcMs - 5_000);
});

test("of an hour that comes twice the first is meant", () => {
  expect(utcOf("2026-10-25T02:30:00", PARIS)).toBe(Date.parse("2026-10-25T00:30:00Z"));
  expect(utcOf("2026-10-25T03:30:00", PARIS)).toBe(Date.parse("2026-10-25T02:30:00Z"));
});

test("a time that no clock showed lies behind the change", () => {
  expect(utcOf("2026-03-29T02:30:00", PARIS)).toBe(Date.parse("2026-03-29T01:30:00Z"));
  expect(utcOf("2026-03-29T01:59:59", PARIS)).toBe(Date.parse("2026-03-29T00:59:59Z"));
});
