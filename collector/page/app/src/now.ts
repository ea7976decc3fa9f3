/** This machine's clock, once a second, for everything that grows old. */

import { signal } from "@preact/signals";

export const now = signal(Date.now());

setInterval(() => {
  now.value = Date.now();
}, 1000);
