/** Clips: every request with how it stands, and beside it the chosen one. */

import { useEffect } from "preact/hooks";
import { can } from "./api";
import { Chosen } from "./Chosen";
import {
  askedFor,
  type Clip,
  caseWanted,
  chosen,
  chosenName,
  clips,
  failure,
  showCase,
  watch,
} from "./clips";
import { bytes, clockTimeOrDate, span } from "./moments";
import { now } from "./now";
import { stop } from "./playing";
import { say } from "./words";

const COMING = ["requested", "cutting", "uploading"];

export function Clips() {
  useEffect(() => {
    const end = watch();
    return () => {
      end();
      stop();
    };
  }, []);
  return (
    <main class="signals clips">
      <section class="list" aria-label={say("clips")}>
        <header class="list-head">
          <h1>{caseWanted.value ? say("clip.case_of", caseWanted.value) : say("clips")}</h1>
          {caseWanted.value && (
            <button type="button" onClick={() => showCase("")}>
              {say("clip.all")}
            </button>
          )}
          {can("request_clips") && (
            <button
              type="button"
              onClick={() => {
                askedFor.value = "camera";
              }}
            >
              {say("ask.clip")}
            </button>
          )}
        </header>
        {failure.value && (
          <p class="failure" role="alert">
            {failure.value}
          </p>
        )}
        <List />
      </section>
      <aside class="panel" aria-label={say("clip.one")}>
        {chosen.value ? (
          <Chosen key={chosen.value.clip} clip={chosen.value} />
        ) : (
          <p class="hint">{say("clip.hint")}</p>
        )}
      </aside>
    </main>
  );
}

function List() {
  const known = clips.value;
  if (!known?.length) {
    return (
      <p class="empty" aria-busy={known === null}>
        {say(known === null ? "loading" : "clip.none")}
      </p>
    );
  }
  return (
    <ul class="rows list-plain">
      {known.map((clip) => (
        <li key={clip.clip}>
          <Row clip={clip} isChosen={clip.clip === chosenName.value} />
        </li>
      ))}
    </ul>
  );
}

function Row({ clip, isChosen }: { clip: Clip; isChosen: boolean }) {
  return (
    <button
      type="button"
      class="clip-row"
      aria-pressed={isChosen}
      onClick={() => {
        if (!isChosen) stop();
        chosenName.value = clip.clip;
      }}
    >
      <time>{clockTimeOrDate(clip.from_utc_ms, now.value)}</time>
      <span class="what">
        <b>
          {clip.camera} · {clip.device}
        </b>
        <span class="dim">
          {say(`clip.kind.${clip.kind}`)}
          {clip.kind === "clip" && ` · ${span(clip.to_utc_ms - clip.from_utc_ms)}`} ·{" "}
          {say("clip.case")} {clip.case}
        </span>
      </span>
      <State clip={clip} />
    </button>
  );
}

const LOOKS: Record<string, string> = { ready: "good", refused: "bad", failed: "bad" };

export function State({ clip }: { clip: Clip }) {
  const isUploading = clip.state === "uploading" && clip.sealed_bytes > 0;
  return (
    <span class="clip-state">
      {clip.is_bench && <Bench />}
      <span class={`chip ${LOOKS[clip.state] ?? (COMING.includes(clip.state) ? "busy" : "")}`}>
        {say(`clip.state.${clip.state}`)}
      </span>
      {isUploading && (
        <>
          <progress
            value={clip.stored_bytes}
            max={clip.sealed_bytes}
            aria-label={say("clip.state.uploading")}
          />
          <small class="dim">
            {bytes(clip.stored_bytes)} / {bytes(clip.sealed_bytes)}
          </small>
        </>
      )}
    </span>
  );
}

export function Bench() {
  return <span class="bench">BENCH</span>;
}
