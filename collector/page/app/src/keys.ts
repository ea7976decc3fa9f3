/** The keyboard: one table, shown by `?` and obeyed everywhere but in a text field. */

import { signal } from "@preact/signals";
import { close, isOpen, move, open, review, undo } from "./signals";

export const isHelpOpen = signal(false);
export const isNoteOpen = signal(false);

const PAGE_ROWS = 10;

const ACTIONS: Record<string, () => void> = {
  j: () => move(1),
  ArrowDown: () => move(1),
  k: () => move(-1),
  ArrowUp: () => move(-1),
  PageDown: () => move(PAGE_ROWS),
  PageUp: () => move(-PAGE_ROWS),
  Enter: () => void open(),
  c: () => void review("confirmed"),
  r: () => void review("rejected"),
  u: () => void review("unsure"),
  z: () => void undo(),
  n: openNote,
  "?": () => {
    isHelpOpen.value = true;
  },
  Escape: () => {
    if (isOpen.value) close();
  },
};

/** Open the panel with its note field. */
export function openNote(): void {
  if (!isOpen.value) void open();
  isNoteOpen.value = true;
}

/** Obey a key when the list is shown; true when it was one of ours. */
export function press(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || isHelpOpen.value) return false;
  const target = event.target as HTMLElement;
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return false;
  if (event.key === "Enter" && /^(BUTTON|A)$/.test(target.tagName)) return false;
  const act = ACTIONS[event.key];
  if (!act) return false;
  event.preventDefault();
  act();
  return true;
}
