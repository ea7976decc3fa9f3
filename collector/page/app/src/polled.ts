/** Something the collector is asked for again and again while it is on screen. */

import { useEffect, useState } from "preact/hooks";
import { get } from "./api";
import { reason } from "./signals";

const EVERY_MS = 5_000;

export function usePolled<T>(path: string): { read: T | null; failure: string | null } {
  const [read, setRead] = useState<T | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    const ask = () =>
      get<T>(path)
        .then((answer) => {
          setRead(answer);
          setFailure(null);
        })
        .catch((error) => setFailure(reason(error)));
    void ask();
    const timer = setInterval(() => void ask(), EVERY_MS);
    return () => clearInterval(timer);
  }, [path]);
  return { read, failure };
}
