/** From a sealed clip at the collector to pictures in this browser, with a verdict on them. */

import { signal } from "@preact/signals";
import { get, getBytes } from "./api";
import type { Clip, ClipDetail } from "./clips";
import type { Verdict } from "./evidence";
import { isProtected, KeyProblem, type ReaderKey, readKey } from "./readerKey";
import { reason } from "./signals";
import { say } from "./words";

/** Whole clips are judged in memory, so that nothing is shown before all of it is proven. */
const MAX_SEALED_BYTES = 768_000_000;

export interface Playing {
  clip: string;
  url: string;
  mp4Bytes: number;
  verdict: Verdict;
  manifest: string;
}

/** Chosen once, kept until the page is left or another is chosen. */
export const readerKey = signal<ReaderKey | null>(null);
export const keyName = signal("");
export const playing = signal<Playing | null>(null);
export const busy = signal<string | null>(null);
export const failure = signal<string | null>(null);

/** Read a key file. True while its passphrase is wanted. */
export async function takeKey(file: File, passphrase: string): Promise<boolean> {
  failure.value = null;
  const pem = await file.text();
  if (isProtected(pem) && !passphrase) return true;
  try {
    readerKey.value = await readKey(pem, passphrase);
    keyName.value = file.name;
  } catch (error) {
    failure.value = error instanceof KeyProblem ? say(error.message) : reason(error);
    return error instanceof KeyProblem && error.message === "key.passphrase";
  }
  return false;
}

export function isTooLong(clip: Clip): boolean {
  return clip.sealed_bytes > MAX_SEALED_BYTES;
}

export function forgetKey(): void {
  readerKey.value = null;
  keyName.value = "";
}

export function stop(): void {
  if (playing.value) URL.revokeObjectURL(playing.value.url);
  playing.value = null;
  failure.value = null;
}

export async function play(clip: Clip): Promise<void> {
  const key = readerKey.value;
  if (!key || busy.value) return;
  stop();
  busy.value = clip.clip;
  try {
    playing.value = await open(clip, key);
  } catch (error) {
    failure.value = await explain(error);
  } finally {
    busy.value = null;
  }
}

async function open(clip: Clip, key: ReaderKey): Promise<Playing> {
  const { openSealed, judge } = await import("./opening");
  const detail = await get<ClipDetail>(`/api/clips/${clip.clip}`);
  const sealed = await getBytes(`/api/clips/${clip.clip}/sealed`, () => {});
  const mp4 = await openSealed(sealed, clip.clip, key);
  const verdict = await judge(detail, detail.manifest, detail.device_keys, { mp4, sealed });
  const url = URL.createObjectURL(new Blob([mp4], { type: "video/mp4" }));
  return { clip: clip.clip, url, mp4Bytes: mp4.length, verdict, manifest: detail.manifest };
}

async function explain(error: unknown): Promise<string> {
  const { SealProblem } = await import("./opening");
  if (error instanceof SealProblem) return say(error.key, error.given);
  return error instanceof KeyProblem ? say(error.message) : reason(error);
}
