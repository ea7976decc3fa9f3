/** Requests to the collector. A change carries the session's CSRF token. */

import { signal } from "@preact/signals";

export interface Me {
  account: string | null;
  csrf_token: string | null;
  has_accounts?: boolean;
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

const ANSWER_MS = 10_000;

export async function get<T>(path: string): Promise<T> {
  return ask<T>(path, {});
}

export async function post<T>(path: string, fields: Record<string, string>): Promise<T> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  const token = me.value?.csrf_token;
  if (token) headers["X-CSRF-Token"] = token;
  return ask<T>(path, { method: "POST", headers, body: JSON.stringify(fields) });
}

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  const answer = await fetch(path, { ...init, signal, credentials: "same-origin" });
  const content = await answer.json().catch(() => null);
  if (answer.ok) return content as T;
  if (answer.status === 401 && me.value?.account) {
    me.value = { account: null, csrf_token: null, has_accounts: true };
  }
  const error = content?.error;
  throw new Refusal(answer.status, error?.what ?? `HTTP ${answer.status}`, error?.hint ?? null);
}
