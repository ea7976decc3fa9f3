/** A clip that no browser's memory holds: the lines that open and prove it on an own machine. */

import { useRef, useState } from "preact/hooks";
import type { Clip } from "./clips";
import { bytes } from "./moments";
import { say } from "./words";

export function TooLong({ clip }: { clip: Clip }) {
  const lines = useRef<HTMLElement>(null);
  const [isCopied, setCopied] = useState(false);
  const commands =
    `vigie clip fetch ${clip.clip} --key control-room.key.pem\n` +
    `vigie clip verify ${clip.clip}.mp4 --device-keys device-keys.json --trust trust.json`;
  const copy = async () => {
    if (lines.current) getSelection()?.selectAllChildren(lines.current);
    // Without TLS there is no clipboard; the lines are selected all the same.
    await navigator.clipboard?.writeText(commands).then(
      () => setCopied(true),
      () => {},
    );
  };
  return (
    <div class="stack">
      <p>{say("player.too_long", bytes(clip.sealed_bytes))}</p>
      <pre class="commands">
        <code ref={lines}>{commands}</code>
      </pre>
      <p class="line">
        <button type="button" onClick={() => void copy()}>
          {say("player.copy")}
        </button>
        <span role="status">{isCopied && say("player.copied")}</span>
      </p>
      <p class="dim">{say("player.where")}</p>
    </div>
  );
}
