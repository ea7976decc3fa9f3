/** Is this what the pole recorded? Judged in the browser, as `vigie clip verify` does offline. */

import { fromBase64, sha256Hex } from "./readerKey";

type Bytes = Uint8Array<ArrayBuffer>;

export interface Fragment {
  seq: number;
  size_bytes: number;
  sha256: string;
  first_utc_ms: number;
  duration_ms: number;
  clock_error_ms: number | null;
}

export interface Manifest {
  request: { clip: string; device: string; camera: string; kind: string };
  mandate: { version: number; profile: string; sha256: string };
  header: { size_bytes: number; sha256: string };
  fragments: Fragment[];
  gaps: { from_utc_ms: number; to_utc_ms: number; reason: string }[];
  spans: { from_seq: number; clock_source: string; mandate_version: number }[];
  mp4_bytes: number;
  sealed_bytes: number;
  made_utc_ms: number;
  software: string;
}

export interface DeviceKey {
  device: string;
  keyid: string;
  ed25519: string;
  enrolled_utc_ms: number;
  removed_utc_ms: number | null;
}

/** What is wrong first: a key of `words`, what stands for {0}, the fragment and its number. */
export interface Fault {
  key: string;
  given: string | number;
  fragment: Fragment | null;
}

/** What was proven. manifest: null when not even the signature is good. */
export interface Verdict {
  fault: Fault | null;
  manifest: Manifest | null;
  signer: DeviceKey | null;
}

const PAYLOAD_TYPE = "application/vnd.vigie.clip-manifest+json";

interface Envelope {
  payload: string;
  payloadType: string;
  signatures: { keyid: string; sig: string }[];
}

/** The verdict on an opened clip: signature first, then every byte in order. */
export async function judge(
  wanted: { clip: string; device: string; camera: string },
  envelope: string,
  keys: readonly DeviceKey[],
  opened: { mp4: Bytes; sealed: Bytes },
): Promise<Verdict> {
  const signed = await readSigned(envelope, keys, wanted.device);
  if (!signed) return wrong("proof.unsigned", wanted.device);
  const { manifest, signer } = signed;
  const { request } = manifest;
  const isWanted =
    request.clip === wanted.clip &&
    request.device === wanted.device &&
    request.camera === wanted.camera;
  if (!isWanted) return { manifest: null, signer, fault: wrong("proof.other_clip").fault };
  const fault = (await findFault(manifest, opened.mp4)) ?? findSealFault(manifest, opened);
  return { manifest, signer, fault };
}

function wrong(key: string, given: string | number = ""): Verdict {
  return { manifest: null, signer: null, fault: { key, given, fragment: null } };
}

async function readSigned(
  text: string,
  keys: readonly DeviceKey[],
  device: string,
): Promise<{ manifest: Manifest; signer: DeviceKey } | null> {
  try {
    const envelope = JSON.parse(text) as Envelope;
    if (envelope.payloadType !== PAYLOAD_TYPE) return null;
    const payload = fromBase64(envelope.payload);
    for (const signer of keys) {
      const signature = envelope.signatures.find((each) => each.keyid === signer.keyid);
      if (!signature || signer.device !== device) continue;
      if (await hasSigned(signer, envelope.payloadType, payload, fromBase64(signature.sig)))
        return { manifest: JSON.parse(new TextDecoder().decode(payload)) as Manifest, signer };
    }
  } catch {
    // What cannot be read was signed by nobody.
  }
  return null;
}

/** Ed25519 over DSSE's pre-authentication encoding, by a key that is what its keyid says. */
async function hasSigned(
  signer: DeviceKey,
  type: string,
  payload: Bytes,
  signature: Bytes,
): Promise<boolean> {
  const raw = fromBase64(signer.ed25519);
  if ((await sha256Hex(raw)) !== signer.keyid) return false;
  const key = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
  const head = new TextEncoder().encode(`DSSEv1 ${type.length} ${type} ${payload.length} `);
  const encoded = new Uint8Array(head.length + payload.length);
  encoded.set(head);
  encoded.set(payload, head.length);
  return crypto.subtle.verify({ name: "Ed25519" }, key, signature, encoded);
}

async function findFault(manifest: Manifest, mp4: Bytes): Promise<Fault | null> {
  const { header, fragments } = manifest;
  const named = fragments.reduce((sum, each) => sum + each.size_bytes, header.size_bytes);
  const inOrder = fragments.every((each, at) => each.seq > (fragments[at - 1]?.seq ?? 0));
  if (named !== manifest.mp4_bytes || !inOrder || fragments.length === 0)
    return { key: "proof.manifest", given: "", fragment: null };
  if ((await sha256Hex(mp4.slice(0, header.size_bytes))) !== header.sha256)
    return { key: "proof.header", given: "", fragment: null };
  let at = header.size_bytes;
  for (const [index, fragment] of fragments.entries()) {
    const found = mp4.slice(at, at + fragment.size_bytes);
    if ((await sha256Hex(found)) !== fragment.sha256)
      return describe(manifest, index, found.length, await findStranger(manifest, mp4, at));
    at += fragment.size_bytes;
  }
  if (mp4.length !== manifest.mp4_bytes) return { key: "proof.tail", given: at, fragment: null };
  return null;
}

function describe(manifest: Manifest, index: number, found: number, stranger: number): Fault {
  const fragment = manifest.fragments[index] ?? null;
  const place = `${index + 1}/${manifest.fragments.length}`;
  if (stranger > 0) return { key: "proof.stranger", given: `${place} ← ${stranger}`, fragment };
  const isShort = fragment !== null && found < fragment.size_bytes;
  return { key: isShort ? "proof.short" : "proof.fragment", given: place, fragment };
}

/** Which other fragment stands at a place; 0: none. */
async function findStranger(manifest: Manifest, mp4: Bytes, at: number): Promise<number> {
  for (const [index, other] of manifest.fragments.entries()) {
    if ((await sha256Hex(mp4.slice(at, at + other.size_bytes))) === other.sha256) return index + 1;
  }
  return 0;
}

/** Its chunks are bound to each other, to their places and to the header: only the length is left. */
function findSealFault(manifest: Manifest, { sealed }: { sealed: Bytes }): Fault | null {
  const isSame = sealed.length === manifest.sealed_bytes;
  return isSame ? null : { key: "proof.sealed", given: "", fragment: null };
}
