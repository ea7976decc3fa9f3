import { expect, test } from "vitest";
import { EN } from "./words.en";
import { ES } from "./words.es";
import { FR } from "./words.fr";

test.each([
  ["fr", FR],
  ["es", ES],
])("%s says everything that English says, with the same places for what is given", (_, words) => {
  for (const [key, text] of Object.entries(EN)) {
    expect(words[key], key).toBeTruthy();
    expect(words[key]?.includes("{0}"), key).toBe(text.includes("{0}"));
  }
});
