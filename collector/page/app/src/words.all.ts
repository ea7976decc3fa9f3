/** Every word of the page in every language. */

import { CLIPS } from "./words.clips";
import { EN } from "./words.en";
import { ES } from "./words.es";
import { FR } from "./words.fr";
import { OFFICE } from "./words.office";
import type { Words } from "./words.table";

export type { Lang } from "./words.table";

export const WORDS: Record<"en" | "fr" | "es", Words> = {
  en: { ...EN, ...CLIPS.en, ...OFFICE.en },
  fr: { ...FR, ...CLIPS.fr, ...OFFICE.fr },
  es: { ...ES, ...CLIPS.es, ...OFFICE.es },
};
