/** Passkeys in this browser: adding one, coming in by one, proving by one to be there. */

import { type Me, me, post, Refusal } from "./api";
import { say } from "./words";

interface Question<T> {
  question: T;
}

/** Whether this browser can ask a passkey, at an address that can have one. */
export function isAble(): boolean {
  return (
    me.value?.passkeys != null &&
    typeof PublicKeyCredential === "function" &&
    "parseRequestOptionsFromJSON" in PublicKeyCredential
  );
}

export async function add(name: string): Promise<void> {
  const { question } = await post<Question<PublicKeyCredentialCreationOptionsJSON>>(
    "/api/passkeys/begin",
    {},
  );
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(question);
  const answer = await answered(navigator.credentials.create({ publicKey }));
  await post("/api/passkeys", { name, answer });
}

export async function enter(): Promise<void> {
  me.value = await post<Me>("/api/login/passkey", { answer: await proof("/api/login/passkey") });
}

export async function prove(): Promise<void> {
  await post("/api/step-up/passkey", { answer: await proof("/api/step-up/passkey") });
}

async function proof(path: string): Promise<string> {
  const { question } = await post<Question<PublicKeyCredentialRequestOptionsJSON>>(
    `${path}/begin`,
    {},
  );
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(question);
  return answered(navigator.credentials.get({ publicKey }));
}

/** What the passkey answered, as text; why it did not, in words. */
async function answered(asked: Promise<Credential | null>): Promise<string> {
  try {
    return JSON.stringify((await asked) as PublicKeyCredential);
  } catch (error) {
    const isKnown = error instanceof DOMException && error.name === "InvalidStateError";
    throw new Refusal(0, say(isKnown ? "passkey.known" : "passkey.none_answered"), null);
  }
}
