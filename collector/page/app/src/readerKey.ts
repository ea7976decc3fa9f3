/** The reader's private key: chosen by the officer, kept in this page's memory, sent nowhere. */

type Bytes = Uint8Array<ArrayBuffer>;

/** keyid: SHA-256 of the raw public key, as sealed clips name their readers. */
export interface ReaderKey {
  keyid: string;
  pair: CryptoKeyPair;
}

/** The file is no reader's key, or wants another passphrase: a key of `words`. */
export class KeyProblem extends Error {}

const PKCS8 = /-----BEGIN (ENCRYPTED )?PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END/;
const PBES2 = "06092a864886f70d01050d";
const HMAC_SHA256 = "06082a864886f70d0209";
const AES_256_CBC = "060960864801650304012a";
const MAX_PEM_CHARS = 4_096;

export function isProtected(pem: string): boolean {
  return PKCS8.exec(pem)?.[1] !== undefined;
}

/** The key of a PEM file that `vigie clip reader` wrote. Its private half cannot be read again. */
export async function readKey(pem: string, passphrase: string): Promise<ReaderKey> {
  const found = pem.length <= MAX_PEM_CHARS ? PKCS8.exec(pem) : null;
  if (!found?.[2]) throw new KeyProblem("key.none");
  const der = fromBase64(found[2].replace(/\s/g, ""));
  const plain = found[1] ? await decrypt(der, passphrase) : der;
  try {
    const readable = await load(plain, true);
    const raw = fromBase64Url((await crypto.subtle.exportKey("jwk", readable)).x ?? "");
    const publicKey = await crypto.subtle.importKey("raw", raw, { name: "X25519" }, true, []);
    return {
      keyid: await sha256Hex(raw),
      pair: { privateKey: await load(plain, false), publicKey },
    };
  } catch {
    throw new KeyProblem(found[1] ? "key.passphrase" : "key.none");
  }
}

export async function sha256Hex(bytes: Bytes): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

export function fromBase64(text: string): Bytes {
  return Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromBase64Url(text: string): Bytes {
  return fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
}

async function load(der: Bytes, extractable: boolean): Promise<CryptoKey> {
  return crypto.subtle.importKey("pkcs8", der, { name: "X25519" }, extractable, ["deriveBits"]);
}

/** PBES2 as `vigie clip reader` and OpenSSL write it: PBKDF2 with HMAC-SHA-256, AES-256-CBC. */
async function decrypt(der: Bytes, passphrase: string): Promise<Bytes> {
  const [scheme, sealed] = parts(only(der));
  const [name, parameters] = parts(inner(scheme));
  const [derivation, cipher] = parts(inner(parameters));
  const [, derived] = parts(inner(derivation));
  const [salt, rounds, ...rest] = parts(inner(derived));
  const [cipherName, iv] = parts(inner(cipher));
  const known =
    toHex(name?.whole ?? new Uint8Array()) === PBES2 &&
    toHex(cipherName?.whole ?? new Uint8Array()) === AES_256_CBC &&
    rest.some((each) => toHex(each.content).startsWith(HMAC_SHA256));
  if (!known || !salt || !rounds || !iv || !sealed) throw new KeyProblem("key.unknown");
  const secret = new TextEncoder().encode(passphrase);
  const base = await crypto.subtle.importKey("raw", secret, "PBKDF2", false, ["deriveKey"]);
  const iterations = Number.parseInt(toHex(rounds.content), 16);
  const key = await crypto.subtle.deriveKey(
    { name: "PBKDF2", hash: "SHA-256", salt: salt.content, iterations },
    base,
    { name: "AES-CBC", length: 256 },
    false,
    ["decrypt"],
  );
  try {
    const opened = await crypto.subtle.decrypt(
      { name: "AES-CBC", iv: iv.content },
      key,
      sealed.content,
    );
    return new Uint8Array(opened);
  } catch {
    throw new KeyProblem("key.passphrase");
  }
}

interface Part {
  whole: Bytes;
  content: Bytes;
}

/** The content of the one DER element that the bytes are. */
function only(der: Bytes): Bytes {
  return parts(der)[0]?.content ?? new Uint8Array();
}

function inner(part: Part | undefined): Bytes {
  return part?.content ?? new Uint8Array();
}

/** DER elements that stand one after the other. */
function parts(der: Bytes): Part[] {
  const found: Part[] = [];
  let at = 0;
  while (at + 2 <= der.length) {
    let length = der[at + 1] ?? 0;
    let begins = at + 2;
    if (length & 0x80) {
      const digits = length & 0x7f;
      length = Number.parseInt(toHex(der.slice(begins, begins + digits)) || "0", 16);
      begins += digits;
    }
    found.push({
      whole: der.slice(at, begins + length),
      content: der.slice(begins, begins + length),
    });
    at = begins + length;
  }
  return found;
}
