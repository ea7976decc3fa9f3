/** A dialog that asks for something: fields, one button that does it, one that leaves. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Failure } from "./Failure";
import { reason } from "./signals";
import { say } from "./words";

export function FormDialog(asked: {
  id: string;
  title: string;
  does: string;
  submit: (fields: FormData) => Promise<void>;
  leave: () => void;
  children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setFailure(null);
    asked
      .submit(new FormData(event.target as HTMLFormElement))
      .catch((error) => setFailure(reason(error)));
  };
  return (
    <dialog ref={dialog} class="card" aria-labelledby={asked.id} onClose={asked.leave}>
      <form class="stack" onSubmit={submit}>
        <h2 id={asked.id}>{asked.title}</h2>
        {asked.children}
        <Failure text={failure} />
        <div class="buttons">
          <button type="submit" class="main">
            {asked.does}
          </button>
          <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
            {say("cancel")}
          </button>
        </div>
      </form>
    </dialog>
  );
}
