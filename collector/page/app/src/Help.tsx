/** All keys on one card. */

import { useEffect, useRef } from "preact/hooks";
import { isHelpOpen } from "./keys";
import { say } from "./words";

const KEYS: [string[], string][] = [
  [["j", "k", "↓", "↑"], "key_next"],
  [["Enter"], "key_open"],
  [["c"], "confirm"],
  [["r"], "reject"],
  [["u"], "unsure"],
  [["n"], "note"],
  [["z"], "undo"],
  [["Esc"], "key_close"],
  [["?"], "key_help"],
];

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="card"
      aria-labelledby="help-title"
      onClose={() => {
        isHelpOpen.value = false;
      }}
    >
      <h2 id="help-title">{say("keys")}</h2>
      <dl class="keys">
        {KEYS.map(([keys, name]) => (
          <>
            <dt key={name}>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{say(name)}</dd>
          </>
        ))}
      </dl>
      <button type="button" class="main" onClick={() => dialog.current?.close()}>
        {say("close")}
      </button>
    </dialog>
  );
}
