/** Something the collector is asked for, once or again and again while it is on screen. */

import { useEffect, useState } from "preact/hooks";
import { get } from "./api";
import { reason } from "./signals";

const EVERY_MS = 5_000;

export interface Polled<T> {
  read: T | null;
  failure: string | null;
  again: () => void;
}

/** everyMs: 0 asks once, and once more for each call of `again`; for what the audit writes down. */
export function usePolled<T>(path: string, everyMs = EVERY_MS): Polled<T> {
  const [read, setRead] = useState<T | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const ask = () =>
      get<T>(path)
        .then((answer) => {
          setRead(answer);
          setFailure(null);
        })
        .catch((error) => setFailure(reason(error)));
    void ask();
    const timer = everyMs ? setInterval(() => void ask(), everyMs) : undefined;
    return () => clearInterval(timer);
  }, [path, everyMs, turn]);
  return { read, failure, again: () => setTurn((before) => before + 1) };
}
