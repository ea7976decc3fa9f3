/** Names with values, one a line; what is not known has no line. */

import type { ComponentChildren } from "preact";

export type Fact = readonly [name: string, value: ComponentChildren];

export function FactList({ facts, breaks }: { facts: Fact[]; breaks?: boolean }) {
  return (
    <dl class="facts">
      {facts.map(
        ([name, value]) =>
          value !== null && (
            <div key={name}>
              <dt>{name}</dt>
              <dd class={breaks ? "breaks" : undefined}>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
