/** Asking for the clip of an event: times prefilled, a reason and a case to give. */

import { useEffect, useRef, useState } from "preact/hooks";
import { Failure } from "./Chosen";
import { ask, askedFor } from "./clips";
import type { EventRow } from "./model";
import { fullTime, inputTime } from "./moments";
import { headline, reason } from "./signals";
import { say } from "./words";

const BEFORE_MS = 10_000;
const AFTER_MS = 20_000;

export function AskClip({ event }: { event: EventRow }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [kind, setKind] = useState("clip");
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const submit = (submitted: SubmitEvent) => {
    submitted.preventDefault();
    const fields = new FormData(submitted.target as HTMLFormElement);
    setFailure(null);
    ask(wish(event, kind, fields)).catch((error) => setFailure(reason(error)));
  };
  return (
    <dialog
      ref={dialog}
      class="card"
      aria-labelledby="ask-title"
      onClose={() => {
        askedFor.value = null;
      }}
    >
      <form class="stack" onSubmit={submit}>
        <h2 id="ask-title">{say("ask.title")}</h2>
        <p class="dim">
          {headline(event)} · {event.camera} · {event.device}
          <br />
          {fullTime(event.captured_utc_ms)}
        </p>
        <Kinds kind={kind} choose={setKind} />
        {kind === "clip" && <Times event={event} />}
        <label>
          {say("clip.reason")}
          <textarea name="reason" rows={2} required minLength={8} maxLength={500} />
        </label>
        <label>
          {say("clip.case")}
          <input name="case" required maxLength={64} />
        </label>
        <p class="dim">{say("ask.why")}</p>
        <Failure text={failure} />
        <div class="buttons">
          <button type="submit" class="main">
            {say("ask.do")}
          </button>
          <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
            {say("cancel")}
          </button>
        </div>
      </form>
    </dialog>
  );
}

function Kinds({ kind, choose }: { kind: string; choose: (kind: string) => void }) {
  return (
    <fieldset class="kinds">
      <legend class="unseen">{say("ask.kind")}</legend>
      {["clip", "still"].map((each) => (
        <label key={each}>
          <input
            type="radio"
            name="kind"
            value={each}
            checked={kind === each}
            onChange={() => choose(each)}
          />
          {say(`clip.kind.${each}`)}
        </label>
      ))}
    </fieldset>
  );
}

function Times({ event }: { event: EventRow }) {
  return (
    <div class="times">
      <label>
        {say("clip.from")}
        <input
          name="from"
          type="datetime-local"
          step="1"
          required
          defaultValue={inputTime(event.captured_utc_ms - BEFORE_MS)}
        />
      </label>
      <label>
        {say("clip.to")}
        <input
          name="to"
          type="datetime-local"
          step="1"
          required
          defaultValue={inputTime(event.captured_utc_ms + AFTER_MS)}
        />
      </label>
    </div>
  );
}

function wish(event: EventRow, kind: string, fields: FormData): Record<string, string> {
  const asked: Record<string, string> = {
    event: String(event.number),
    kind,
    reason: String(fields.get("reason")),
    case: String(fields.get("case")),
  };
  if (kind === "clip") {
    asked.from_utc_ms = String(new Date(String(fields.get("from"))).getTime());
    asked.to_utc_ms = String(new Date(String(fields.get("to"))).getTime());
  }
  return asked;
}
