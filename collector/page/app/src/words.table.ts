/** Words written side by side, so that no language is forgotten: English, French, Spanish. */

export type Lang = "en" | "fr" | "es";
export type Words = Readonly<Record<string, string>>;

export function table(
  lines: Record<string, readonly [string, string, string]>,
): Record<Lang, Words> {
  const column = (at: 0 | 1 | 2): Words =>
    Object.fromEntries(Object.entries(lines).map(([key, words]) => [key, words[at]]));
  return { en: column(0), fr: column(1), es: column(2) };
}
