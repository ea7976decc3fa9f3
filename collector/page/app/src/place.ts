/** Which view the address names; the browser's back and forward work. */

import { signal } from "@preact/signals";

export type View = "signals" | "devices" | "precision" | "welcome";

const PATHS: Record<string, View> = {
  "/": "signals",
  "/devices": "devices",
  "/precision": "precision",
};
const WELCOME = "/welcome/";

export const path = signal(location.pathname);

export function viewOf(at: string): View {
  return at.startsWith(WELCOME) ? "welcome" : (PATHS[at] ?? "signals");
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
