/** Requests to the collector. A change carries the session's CSRF token. */

import { signal } from "@preact/signals";

export interface Me {
  account: string | null;
  csrf_token: string | null;
  has_accounts?: boolean;
  /** How many the account has; null or absent where there can be none. */
  passkeys?: number | null;
  role?: string;
  rights?: string[];
}

/** Undefined until the collector has answered who is signed in. */
export const me = signal<Me | undefined>(undefined);

/** What went wrong, in the collector's own words. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    what: string,
    readonly hint: string | null,
  ) {
    super(what);
  }
}

/** While the collector waits for a proof that the person is there: answers to those who wait. */
export const proofWanted = signal<((isGiven: boolean) => void) | null>(null);

/** Nobody is signed in any more; whether there can be passkeys stays as it was. */
export function signOff(): void {
  const passkeys = me.value?.passkeys == null ? null : 0;
  me.value = { account: null, csrf_token: null, has_accounts: true, passkeys };
}

const ANSWER_MS = 10_000;

export function can(right: string): boolean {
  return me.value?.rights?.includes(right) ?? false;
}

export async function get<T>(path: string): Promise<T> {
  return (await ask(path, {}).then(read)) as T;
}

export async function post<T>(path: string, fields: Record<string, string>): Promise<T> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  const token = me.value?.csrf_token;
  if (token) headers["X-CSRF-Token"] = token;
  return (await ask(path, { method: "POST", headers, body: JSON.stringify(fields) }).then(
    read,
  )) as T;
}

/** The bytes at a path, told about as they come. */
export async function getBytes(
  path: string,
  told: (gotBytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await ask(path, {}, false);
  const parts: Uint8Array[] = [];
  let got = 0;
  const reader = answer.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    parts.push(part.value);
    got += part.value.length;
    told(got);
  }
  const whole = new Uint8Array(got);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function read(answer: Response): Promise<unknown> {
  return answer.json();
}

/** Ask once; where the person must be proven first, ask for that and then once more. */
async function ask(path: string, init: RequestInit, isBounded = true): Promise<Response> {
  const answer = await send(path, init, isBounded);
  if (answer.ok) return answer;
  const error = (await answer.json().catch(() => null))?.error;
  if (error?.needs_proof && (await waitForProof())) {
    const again = await send(path, init, isBounded);
    if (again.ok) return again;
    throw refusal(again.status, (await again.json().catch(() => null))?.error);
  }
  if (answer.status === 401 && me.value?.account) {
    signOff();
  }
  throw refusal(answer.status, error);
}

function send(path: string, init: RequestInit, isBounded: boolean): Promise<Response> {
  const bound = isBounded ? { signal: AbortSignal.timeout(ANSWER_MS) } : {};
  return fetch(path, { ...init, ...bound, credentials: "same-origin" });
}

function waitForProof(): Promise<boolean> {
  return new Promise((resolve) => {
    proofWanted.value = (isGiven) => {
      proofWanted.value = null;
      resolve(isGiven);
    };
  });
}

function refusal(status: number, error?: { what?: string; hint?: string }): Refusal {
  return new Refusal(status, error?.what ?? `HTTP ${status}`, error?.hint ?? null);
}
