/** Small drawings of our own; each stands beside its word and is hidden from readers. */

import type { ComponentChildren } from "preact";

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      {children}
    </svg>
  );
}

export function Eye() {
  return (
    <Icon>
      <path d="M2 10c2-3.600 4.800-5.400 8-5.400s6 1.800 8 5.400c-2 3.600-4.800 5.400-8 5.400S4 13.600 2 10Z" />
      <path d="M4.500 17 15.500 3" />
    </Icon>
  );
}

const DRAWINGS: Record<string, ComponentChildren> = {
  line_crossing: (
    <>
      <path d="M10 2v16" stroke-dasharray="2.500 2.500" />
      <path d="M3 10h13m-4-4 4 4-4 4" />
    </>
  ),
  intrusion: (
    <>
      <path d="M8 3h9v14H8" />
      <path d="M2 10h9m-3.500-3.500L11 10l-3.500 3.500" />
    </>
  ),
  loitering: (
    <>
      <circle cx="10" cy="10" r="7.500" />
      <path d="M10 5.500V10l3 2.500" />
    </>
  ),
  wrong_way: (
    <>
      <circle cx="10" cy="10" r="7.500" />
      <path d="M5.500 10h9" stroke-width="3" />
    </>
  ),
  count: <path d="M4 4v12M8 4v12M12 4v12M16 4v12M2 14 18 6" />,
  occupancy: (
    <>
      <rect x="2.500" y="2.500" width="15" height="15" rx="2" />
      <circle cx="7" cy="8" r="1.500" />
      <circle cx="13" cy="7" r="1.500" />
      <circle cx="10" cy="13" r="1.500" />
    </>
  ),
};

export function FunctionIcon({ name }: { name: string }) {
  return <Icon>{DRAWINGS[name] ?? <circle cx="10" cy="10" r="4" />}</Icon>;
}
