/** Is it still you? Asked before clips, with the password. */

import { useEffect, useRef, useState } from "preact/hooks";
import { post, proofWanted } from "./api";
import { Failure } from "./Chosen";
import { reason } from "./signals";
import { say } from "./words";

export function ProofDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const password = String(new FormData(event.target as HTMLFormElement).get("password"));
    setFailure(null);
    try {
      await post("/api/step-up", { password });
      proofWanted.value?.(true);
    } catch (error) {
      setFailure(reason(error));
    }
  };
  return (
    <dialog
      ref={dialog}
      class="card"
      aria-labelledby="proof-title"
      onClose={() => proofWanted.value?.(false)}
    >
      <form class="stack" onSubmit={submit}>
        <h2 id="proof-title">{say("step.title")}</h2>
        <p class="dim">{say("step.why")}</p>
        <label>
          {say("password")}
          <input name="password" type="password" required autocomplete="current-password" />
        </label>
        <Failure text={failure} />
        <div class="buttons">
          <button type="submit" class="main">
            {say("step.do")}
          </button>
          <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
            {say("cancel")}
          </button>
        </div>
      </form>
    </dialog>
  );
}
