/** The page's words in the language the operator chose. */

import { signal } from "@preact/signals";
import { type Lang, WORDS } from "./words.all";
import type { Words } from "./words.table";

export type { Lang } from "./words.all";

export const LANGS: readonly Lang[] = ["en", "fr", "es"];
const KEY = "vigie.lang";

export const lang = signal<Lang>(firstLang());

export function choose(to: Lang): void {
  lang.value = to;
  document.documentElement.lang = to;
  localStorage.setItem(KEY, to);
}

/** Words of a view that is fetched when it is wanted. */
export function learn(more: Record<Lang, Words>): void {
  for (const each of LANGS) WORDS[each] = { ...WORDS[each], ...more[each] };
}

/** The words for a key; `{0}` stands for what is given. Unknown functions read as they are. */
export function say(key: string, given: string | number = ""): string {
  const words =
    WORDS[lang.value][key] ?? WORDS.en[key] ?? key.replace(/^\w+\./, "").replaceAll("_", " ");
  return words.replace("{0}", String(given));
}

function firstLang(): Lang {
  const wished = [localStorage.getItem(KEY), ...navigator.languages];
  for (const wish of wished) {
    const known = LANGS.find((each) => wish?.startsWith(each));
    if (known) return known;
  }
  return "en";
}
