/** The live list: what is known, what is selected, what is being saved. */

import { computed, signal } from "@preact/signals";
import { get, post, Refusal } from "./api";
import {
  fold,
  foldAll,
  type Incident,
  type Incidents,
  inOrder,
  judge,
  neighbour,
} from "./incidents";
import type { EventDetail, EventRow, Review, Verdict } from "./model";
import { lang, say } from "./words";

interface Page {
  events: EventRow[];
  next_before: number | null;
}

/** A verdict under way: shown at once, and shown as failed when it did not reach the disk. */
export interface Attempt {
  verdict: Verdict;
  note: string;
  failure: string | null;
}

export const incidents = signal<Incidents>(new Map());
export const rows = computed(() => inOrder(incidents.value));
export const selectedId = signal<string | null>(null);
export const attempts = signal<ReadonlyMap<string, Attempt>>(new Map());
export const isOpen = signal(false);
export const detail = signal<EventDetail | null>(null);
export const detailFailure = signal<string | null>(null);
export const announcement = signal("");
export const nextBefore = signal<number | null>(null);
export const isLoaded = signal(false);

const undoable: string[] = [];

export const selected = computed(() => incidents.value.get(selectedId.value ?? "") ?? null);

export async function load(): Promise<void> {
  const page = await get<Page>("/api/signals");
  incidents.value = foldAll(incidents.value, page.events);
  if (!isLoaded.value) nextBefore.value = page.next_before;
  isLoaded.value = true;
  if (!selected.value) selectedId.value = rows.value[0]?.id ?? null;
}

export async function loadOlder(): Promise<void> {
  if (nextBefore.value === null) return;
  const page = await get<Page>(`/api/signals?before=${nextBefore.value}`);
  incidents.value = foldAll(incidents.value, page.events);
  nextBefore.value = page.next_before;
}

export function take(event: EventRow): void {
  const isNew = !incidents.value.has(event.incident);
  incidents.value = fold(incidents.value, event);
  if (selectedId.value === null) selectedId.value = event.incident;
  if (isNew) announcement.value = say("announce", headline(event));
}

export function takeReview(number: number, review: Review): void {
  incidents.value = judge(incidents.value, number, review);
  if (detail.value?.number === number) void open();
}

export function headline(event: EventRow): string {
  return `${say(`function.${event.function}`)} ${event.place || event.camera}`;
}

export function select(id: string): void {
  if (selectedId.value === id) return;
  selectedId.value = id;
  if (isOpen.value) void open();
}

export function move(step: number): void {
  const next = neighbour(rows.value, selectedId.value, step);
  if (next) select(next.id);
}

/** Ask why the selected one fired. The collector writes into its audit that we looked. */
export async function open(): Promise<void> {
  const incident = selected.value;
  if (!incident) return;
  isOpen.value = true;
  detailFailure.value = null;
  try {
    const path = `/api/signals/${incident.first.number}?lang=${lang.value}`;
    const read = await get<EventDetail>(path);
    if (selectedId.value === incident.id) detail.value = read;
  } catch (error) {
    if (selectedId.value === incident.id) detailFailure.value = reason(error);
  }
}

export function close(): void {
  isOpen.value = false;
  detail.value = null;
  detailFailure.value = null;
}

export async function review(verdict: Verdict, note = ""): Promise<void> {
  const incident = selected.value;
  if (!incident || isSaving(incident.id)) return;
  attempt(incident, { verdict, note, failure: null });
  undoable.push(incident.id);
  await inTurn(async () => {
    if (await save(incident, verdict, note)) return;
    undoable.splice(undoable.lastIndexOf(incident.id), 1);
  });
}

/** Take back the newest verdict given here; it stays in the record as withdrawn. */
export async function undo(): Promise<void> {
  await inTurn(async () => {
    const id = undoable.pop() ?? selectedId.value;
    const incident = incidents.value.get(id ?? "");
    if (!incident?.review) return;
    select(incident.id);
    attempt(incident, { verdict: "withdrawn", note: "", failure: null });
    await save(incident, "withdrawn", "");
  });
}

export function isSaving(id: string): boolean {
  return attempts.value.get(id)?.failure === null;
}

let last: Promise<void> = Promise.resolve();

/** One change after the other, so that an undo meets the verdict it takes back. */
function inTurn(change: () => Promise<void>): Promise<void> {
  last = last.then(change);
  return last;
}

function attempt(incident: Incident, tried: Attempt): void {
  attempts.value = new Map(attempts.value).set(incident.id, tried);
}

async function save(incident: Incident, verdict: Verdict, note: string): Promise<boolean> {
  const { number } = incident.first;
  try {
    const path = `/api/signals/${number}/review`;
    const answer = await post<{ review: Review }>(path, { verdict, note });
    const left = new Map(attempts.value);
    left.delete(incident.id);
    attempts.value = left;
    takeReview(number, answer.review);
    announcement.value = say(`verdict.${verdict}`);
    return true;
  } catch (error) {
    const failure = reason(error);
    attempt(incident, { verdict, note, failure });
    announcement.value = `${say("failed")}: ${failure}`;
    return false;
  }
}

export function reason(error: unknown): string {
  if (error instanceof Refusal)
    return error.hint ? `${error.message}. ${error.hint}` : error.message;
  return say("unreachable");
}
