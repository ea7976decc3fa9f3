import { expect, test } from "vitest";
import { WORDS } from "./words.all";

test.each([
  ["fr", WORDS.fr],
  ["es", WORDS.es],
])("%s says everything that English says, with the same places for what is given", (_, words) => {
  for (const [key, text] of Object.entries(WORDS.en)) {
    expect(words[key], key).toBeTruthy();
    expect(words[key]?.includes("{0}"), key).toBe(text.includes("{0}"));
  }
});
