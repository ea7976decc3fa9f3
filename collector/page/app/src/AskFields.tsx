/** What a clip is asked for: a stretch or a picture, and the time where the camera stands. */

import { inputTime } from "./localTime";
import type { EventRow } from "./model";
import { now } from "./now";
import { say } from "./words";

const BEFORE_MS = 10_000;
const AFTER_MS = 20_000;

export function Kinds({ kind, choose }: { kind: string; choose: (kind: string) => void }) {
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

/** An event's picture is of its own moment; any other is of a moment that is asked for. */
export function Times({
  event,
  zone,
  kind,
}: {
  event: EventRow | null;
  zone: string;
  kind: string;
}) {
  if (event && kind === "still") return null;
  const firstMs = event ? event.captured_utc_ms - BEFORE_MS : now.peek() - BEFORE_MS - AFTER_MS;
  return (
    <div class="times">
      <Moment name="from" local={inputTime(firstMs, zone)} />
      {kind === "clip" && (
        <Moment name="to" local={inputTime(firstMs + BEFORE_MS + AFTER_MS, zone)} />
      )}
      <p class="dim">{say("ask.zone", zone)}</p>
    </div>
  );
}

function Moment({ name, local }: { name: "from" | "to"; local: string }) {
  return (
    <label>
      {say(`clip.${name}`)}
      <input name={name} type="datetime-local" step="1" required defaultValue={local} />
    </label>
  );
}
