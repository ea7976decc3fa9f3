/** Sealed clips, opened here and nowhere else; the layout is `edge/evidence/sealed.py`'s. */

import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { fromBase64, type ReaderKey } from "./readerKey";

type Bytes = Uint8Array<ArrayBuffer>;

/** It does not open: `key` of `words`, and what stands for {0}. */
export class SealProblem extends Error {
  constructor(
    readonly key: string,
    readonly given: string | number = "",
  ) {
    super(key);
  }
}

const MAGIC = "VGCL1";
const SUITE = "DHKEM(X25519,HKDF-SHA256),HKDF-SHA256,AES-256-GCM";
const CHUNK_BYTES = 65_536;
const TAG_BYTES = 16;
const INFO = "vigie clip v1\0";

interface Header {
  clip: string;
  suite: string;
  chunk_bytes: number;
  readers: { keyid: string; enc: string; key: string }[];
}

/** The MP4 inside. Every chunk is proven by its tag, its place and all bytes of its header. */
export async function openSealed(sealed: Bytes, clip: string, reader: ReaderKey): Promise<Bytes> {
  const { header, begins } = readHeader(sealed);
  if (header.clip !== clip) throw new SealProblem("seal.other", header.clip);
  const cipher = await openContentKey(header, reader);
  const bound = new Uint8Array(await crypto.subtle.digest("SHA-256", sealed.slice(0, begins)));
  const sealedChunk = CHUNK_BYTES + TAG_BYTES;
  const chunks = Math.max(1, Math.ceil((sealed.length - begins) / sealedChunk));
  const content = new Uint8Array(Math.max(0, sealed.length - begins - chunks * TAG_BYTES));
  for (let index = 0; index < chunks; index += 1) {
    const at = begins + index * sealedChunk;
    const chunk = sealed.subarray(at, at + sealedChunk);
    const opened = await openChunk(cipher, chunk, bound, index, index === chunks - 1);
    content.set(opened, index * CHUNK_BYTES);
  }
  return content;
}

function readHeader(sealed: Bytes): { header: Header; begins: number } {
  const ends = sealed.indexOf(10);
  const text = new TextDecoder().decode(sealed.subarray(0, Math.max(0, ends)));
  if (!text.startsWith(MAGIC)) throw new SealProblem("seal.none");
  try {
    const header = JSON.parse(text.slice(MAGIC.length)) as Header;
    if (header.suite !== SUITE || header.chunk_bytes !== CHUNK_BYTES) throw new Error("suite");
    return { header, begins: ends + 1 };
  } catch {
    throw new SealProblem("seal.none");
  }
}

async function openContentKey(header: Header, reader: ReaderKey): Promise<CryptoKey> {
  const mine = header.readers.find((each) => each.keyid === reader.keyid);
  if (!mine) throw new SealProblem("seal.not_mine");
  const suite = new CipherSuite({
    kem: new DhkemX25519HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: new Aes256Gcm(),
  });
  try {
    const opened = await suite.open(
      {
        recipientKey: reader.pair,
        enc: fromBase64(mine.enc),
        info: new TextEncoder().encode(INFO + header.clip),
      },
      fromBase64(mine.key),
    );
    return await crypto.subtle.importKey("raw", opened, "AES-GCM", false, ["decrypt"]);
  } catch {
    throw new SealProblem("seal.damaged_key");
  }
}

async function openChunk(
  cipher: CryptoKey,
  chunk: Bytes,
  headerSha256: Bytes,
  index: number,
  isLast: boolean,
): Promise<Bytes> {
  const iv = new Uint8Array(12);
  new DataView(iv.buffer).setBigUint64(4, BigInt(index));
  const bound = new Uint8Array(headerSha256.length + 9);
  bound.set(headerSha256);
  new DataView(bound.buffer).setBigUint64(headerSha256.length, BigInt(index));
  bound[headerSha256.length + 8] = isLast ? 1 : 0;
  try {
    const opened = await crypto.subtle.decrypt(
      { name: "AES-GCM", iv, additionalData: bound },
      cipher,
      chunk,
    );
    return new Uint8Array(opened);
  } catch {
    throw new SealProblem("seal.damaged", index);
  }
}
