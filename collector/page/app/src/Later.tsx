/** A view in a script of its own, which is fetched when somebody first looks at it. */

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Failure } from "./Failure";
import { reason } from "./signals";

export function Later({ fetch }: { fetch: () => Promise<{ View: ComponentType }> }) {
  const [got, setGot] = useState<{ View: ComponentType } | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    fetch()
      .then(({ View }) => setGot({ View }))
      .catch((error) => setFailure(reason(error)));
  }, []);
  if (got) return <got.View />;
  return (
    <main class="wide" aria-busy={!failure}>
      <Failure text={failure} />
    </main>
  );
}
