/** Clips: the list, the chosen one, and how far those on their way are. */

import { computed, signal } from "@preact/signals";
import { get, post } from "./api";
import type { DeviceKey } from "./evidence";
import type { EventRow } from "./model";
import { go, path, viewOf } from "./place";
import { reason } from "./signals";

export interface Clip {
  clip: string;
  device: string;
  camera: string;
  kind: "clip" | "still";
  from_utc_ms: number;
  to_utc_ms: number;
  reason: string;
  case: string;
  requester: string;
  role: string;
  second_person: string;
  event: number | null;
  state: string;
  message: string;
  requested_utc_ms: number;
  changed_utc_ms: number;
  sealed_bytes: number;
  stored_bytes: number;
  expires_utc_ms: number | null;
  held_until_utc_ms: number | null;
  is_bench: boolean;
}

export interface ClipDetail extends Clip {
  manifest: string;
  device_keys: DeviceKey[];
}

interface Progress {
  clip: string;
  state: string;
  stored_bytes: number;
  sealed_bytes: number;
  changed_utc_ms: number;
}

const EVERY_MS = 2_000;

export const clips = signal<Clip[] | null>(null);
export const caseWanted = signal("");
export const chosenName = signal<string | null>(null);
export const failure = signal<string | null>(null);
/** The event that a clip is being asked for, or any camera; null: nobody asks. */
export const askedFor = signal<EventRow | "camera" | null>(null);

export const chosen = computed(
  () => clips.value?.find((clip) => clip.clip === chosenName.value) ?? null,
);

/** Read the list; the collector writes into its audit that we did. */
export async function load(): Promise<void> {
  try {
    const path = `/api/clips?case=${encodeURIComponent(caseWanted.value)}`;
    clips.value = (await get<{ clips: Clip[] }>(path)).clips;
    failure.value = null;
    if (!chosen.value) chosenName.value = clips.value[0]?.clip ?? null;
  } catch (error) {
    failure.value = reason(error);
  }
}

/** Watch clips come until the returned function is called; the list is read when one changed. */
export function watch(): () => void {
  void load();
  const timer = setInterval(() => void look(), EVERY_MS);
  return () => clearInterval(timer);
}

async function look(): Promise<void> {
  const known = clips.value;
  if (known === null) return;
  try {
    const { clips: rows } = await get<{ clips: Progress[] }>("/api/clips/progress");
    // Read anew meanwhile, and what is newer than this answer would be lost.
    if (clips.value !== known) return;
    const newest = new Map(rows.map((row) => [row.clip, row]));
    const isKnown = new Set(known.map((clip) => clip.clip));
    const isChanged = known.some((clip) => {
      const row = newest.get(clip.clip);
      const isSame = row?.changed_utc_ms === clip.changed_utc_ms && row.state === clip.state;
      return row !== undefined && !isSame;
    });
    const isMore = caseWanted.value === "" && rows.some((row) => !isKnown.has(row.clip));
    if (isChanged || isMore) return await load();
    clips.value = known.map((clip) => ({ ...clip, ...newest.get(clip.clip) }));
  } catch {
    // The feed itself shows that the collector cannot be reached.
  }
}

export function showCase(name: string): void {
  caseWanted.value = name;
  void load();
}

export async function ask(fields: Record<string, string>): Promise<void> {
  const { clip } = await post<{ clip: Clip }>("/api/clips", fields);
  caseWanted.value = "";
  chosenName.value = clip.clip;
  askedFor.value = null;
  // The view reads the list when it comes; one that is there already is told to.
  const isShown = viewOf(path.value) === "clips";
  go("/clips");
  if (isShown) await load();
}

export async function approve(clip: Clip): Promise<void> {
  await post(`/api/clips/${clip.clip}/approve`, {});
  await load();
}

export async function hold(clip: Clip, why: string, untilUtcMs: number): Promise<void> {
  const fields = { reason: why, until_utc_ms: String(untilUtcMs) };
  await post(`/api/clips/${clip.clip}/hold`, fields);
  await load();
}
