/** Asking for a clip: of an event, with times prefilled, or of any camera one may ask for. */

import { useEffect, useState } from "preact/hooks";
import { Kinds, Times } from "./AskFields";
import { get } from "./api";
import { ask, askedFor } from "./clips";
import { FormDialog } from "./FormDialog";
import { utcOf } from "./localTime";
import type { EventRow } from "./model";
import { fullTime, zoneName } from "./moments";
import { headline, reason } from "./signals";
import { say } from "./words";

interface Place {
  device: string;
  camera: string;
  time_zone: string;
}

export function AskClip({ event }: { event: EventRow | null }) {
  const [kind, setKind] = useState("clip");
  const [places, setPlaces] = useState<Place[] | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [chosen, choose] = useState(0);
  useEffect(() => {
    get<{ places: Place[] }>("/api/clips/places")
      .then((answer) => setPlaces(answer.places))
      .catch((error) => setFailure(reason(error)));
  }, []);
  const isOfEvent = (place: Place) =>
    place.device === event?.device && place.camera === event.camera;
  const place = event ? places?.find(isOfEvent) : places?.[chosen];
  const zone = place?.time_zone ?? zoneName();
  const submit = (fields: FormData) => ask(wish(event, place, kind, zone, fields));
  return (
    <FormDialog
      id="ask-title"
      title={say("ask.title")}
      does={say("ask.do")}
      submit={submit}
      leave={() => {
        askedFor.value = null;
      }}
    >
      {event ? (
        <p class="dim">
          {headline(event)} · {event.camera} · {event.device}
          <br />
          {fullTime(event.captured_utc_ms)}
        </p>
      ) : (
        <label>
          {say("ask.camera")}
          <select required value={chosen} onChange={(at) => choose(at.currentTarget.selectedIndex)}>
            {places?.map((each, index) => (
              <option key={`${each.device}/${each.camera}`} value={index}>
                {each.camera} · {each.device}
              </option>
            ))}
          </select>
        </label>
      )}
      {places?.length === 0 && !event && <p class="failure">{say("ask.no_camera")}</p>}
      {failure && <p class="failure">{failure}</p>}
      <Kinds kind={kind} choose={setKind} />
      {places || failure ? (
        <Times key={zone} event={event} zone={zone} kind={kind} />
      ) : (
        <p aria-busy="true">{say("loading")}</p>
      )}
      <label>
        {say("clip.reason")}
        <textarea name="reason" rows={2} required minLength={8} maxLength={500} />
      </label>
      <label>
        {say("clip.case")}
        <input name="case" required maxLength={64} />
      </label>
      <p class="dim">{say("ask.why")}</p>
    </FormDialog>
  );
}

function wish(
  event: EventRow | null,
  place: Place | undefined,
  kind: string,
  zone: string,
  fields: FormData,
): Record<string, string> {
  const asked: Record<string, string> = {
    kind,
    reason: String(fields.get("reason")),
    case: String(fields.get("case")),
  };
  if (event) {
    asked.event = String(event.number);
  } else {
    asked.device = place?.device ?? "";
    asked.camera = place?.camera ?? "";
  }
  for (const name of ["from", "to"]) {
    const local = fields.get(name);
    if (local) asked[`${name}_utc_ms`] = String(utcOf(String(local), zone));
  }
  return asked;
}
