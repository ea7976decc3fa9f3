/** Time and quantities as people read them, in the operator's zone and language. */

import { lang } from "./words";

const DAY_MS = 86_400_000;

export function clockTime(utcMs: number): string {
  return format(utcMs, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
}

export function clockTimeOrDate(utcMs: number, nowMs: number): string {
  const isToday = new Date(utcMs).toDateString() === new Date(nowMs).toDateString();
  if (isToday) return clockTime(utcMs);
  return `${format(utcMs, { day: "2-digit", month: "short" })} ${clockTime(utcMs)}`;
}

export function fullTime(utcMs: number): string {
  return format(utcMs, {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    hourCycle: "h23",
    timeZoneName: "shortOffset",
  });
}

export function zoneName(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export function day(utcMs: number): string {
  return format(utcMs, { day: "numeric", month: "short", year: "numeric" });
}

/** 340 ms, 1.2 s, 3 min 20 s, 5 h 02 min, 12 d 3 h. */
export function span(ms: number): string {
  const abs = Math.abs(ms);
  if (abs < 1000) return `${Math.round(ms)} ms`;
  if (abs < 60_000) return `${number(ms / 1000, abs < 10_000 ? 1 : 0)} s`;
  if (abs < 3_600_000)
    return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`;
  if (abs < DAY_MS) return `${Math.floor(ms / 3_600_000)} h ${pad((ms % 3_600_000) / 60_000)} min`;
  return `${Math.floor(ms / DAY_MS)} d ${Math.floor((ms % DAY_MS) / 3_600_000)} h`;
}

export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = count;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${number(size, size < 10 && unit ? 1 : 0)} ${units[unit]}`;
}

export function number(value: number, digits = 0): string {
  return value.toLocaleString(locale(), {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

export function percent(fraction: number): string {
  return fraction.toLocaleString(locale(), { style: "percent", maximumFractionDigits: 0 });
}

function pad(value: number): string {
  return String(Math.floor(value)).padStart(2, "0");
}

function format(utcMs: number, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(locale(), options).format(utcMs);
}

/** English as Europe writes it: the day before the month, 24 hours. */
function locale(): string {
  return lang.value === "en" ? "en-GB" : lang.value;
}
