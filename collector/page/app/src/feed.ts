/** The live feed. It is believed only as long as heartbeats come. */

import { signal } from "@preact/signals";
import { can, get, type Me, me } from "./api";
import type { EventRow, Review } from "./model";
import { load, take, takeReview } from "./signals";

const STALE_MS = 10_000;
const RETRY_MS = 3_000;

/** When the collector was last heard, by this machine's clock; 0: not yet. */
export const heardMs = signal(0);
export const isStale = signal(false);
/** The collector's clock minus this machine's, milliseconds. */
export const offsetMs = signal(0);

/** Listen until the returned function is called. */
export function listen(): () => void {
  let source = connect();
  heardMs.value = Date.now();
  let triedMs = Date.now();
  const watch = setInterval(() => {
    isStale.value = Date.now() - heardMs.value > STALE_MS;
    const isDead = source.readyState === EventSource.CLOSED || isStale.value;
    if (!isDead || Date.now() - triedMs < RETRY_MS) return;
    triedMs = Date.now();
    source.close();
    void checkSession();
    source = connect();
  }, 500);
  return () => {
    clearInterval(watch);
    source.close();
  };
}

function connect(): EventSource {
  const source = new EventSource("/api/feed");
  const on = <T>(kind: string, act: (content: T) => void) =>
    source.addEventListener(kind, (message) => {
      heardMs.value = Date.now();
      act(JSON.parse((message as MessageEvent<string>).data) as T);
    });
  on<{ collector_utc_ms: number }>("heartbeat", (beat) => {
    isStale.value = false;
    offsetMs.value = beat.collector_utc_ms - Date.now();
  });
  on<EventRow>("event", take);
  on<{ number: number; review: Review }>("review", (said) => takeReview(said.number, said.review));
  on("reload", reload);
  on("goodbye", () => {
    source.close();
    void checkSession();
  });
  return source;
}

function reload(): void {
  if (!can("see_signals")) return;
  load().catch(() => {
    // The feed itself shows that the collector cannot be reached.
  });
}

async function checkSession(): Promise<void> {
  try {
    me.value = await get<Me>("/api/me");
  } catch {
    // Not reachable: the banner says so, and the watch tries again.
  }
}
