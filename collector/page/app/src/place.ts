/** Which view the address names; the browser's back and forward work. */

import { signal } from "@preact/signals";

export type View = (typeof TABS)[number][0] | "welcome" | "account";

/** Every view, where it lives, and the right that shows it. */
export const TABS = [
  ["signals", "/", "see_signals"],
  ["clips", "/clips", "see_clips"],
  ["mandates", "/mandates", "see_mandates"],
  ["devices", "/devices", "see_devices"],
  ["updates", "/updates", "see_devices"],
  ["precision", "/precision", "see_signals"],
  ["calibration", "/calibration", "see_calibration"],
  ["register", "/register", "export_register"],
  ["audit", "/audit", "read_audit"],
  ["accounts", "/accounts", "manage_accounts"],
] as const;

const WELCOME = "/welcome/";
/** One's own account, behind one's name. */
export const ACCOUNT = "/account";

export const path = signal(location.pathname);

export function viewOf(at: string): View {
  if (at.startsWith(WELCOME)) return "welcome";
  if (at === ACCOUNT) return "account";
  return TABS.find(([, to]) => to === at)?.[0] ?? "signals";
}

export function invitation(): string {
  return path.value.slice(WELCOME.length);
}

export function go(to: string): void {
  history.pushState(null, "", to);
  path.value = to;
}

addEventListener("popstate", () => {
  path.value = location.pathname;
});
