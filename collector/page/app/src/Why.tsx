/** Why one signal fired: a sentence, what was measured, the rule in force, who said what. */

import { useEffect, useRef } from "preact/hooks";
import { can } from "./api";
import { askedFor } from "./clips";
import { type Fact, FactList } from "./FactList";
import { FrameDrawing } from "./FrameDrawing";
import { isNoteOpen } from "./keys";
import type { EventDetail, Verdict } from "./model";
import { fullTime, number, percent, span } from "./moments";
import { attempts, close, detail, detailFailure, open, review, selected } from "./signals";
import { lang, say } from "./words";

export function Why() {
  const incident = selected.value;
  const read = detail.value;
  const isCurrent = read !== null && read.number === incident?.first.number;
  const language = lang.value;
  const readIn = useRef(language);
  useEffect(() => {
    if (readIn.current === language) return;
    readIn.current = language;
    void open();
  }, [language]);
  return (
    <>
      <div class="panel-head">
        <h2>{say("why")}</h2>
        <button type="button" class="quiet" onClick={close} aria-keyshortcuts="Escape">
          {say("close")} <kbd>Esc</kbd>
        </button>
      </div>
      {detailFailure.value && (
        <p class="failure" role="alert">
          {detailFailure.value}
        </p>
      )}
      {isCurrent ? <Reasons read={read} /> : !detailFailure.value && <p aria-busy="true">…</p>}
    </>
  );
}

function Reasons({ read }: { read: EventDetail }) {
  return (
    <>
      <p class="sentence">{read.sentence}</p>
      <SaveFailure />
      {isNoteOpen.value && <NoteForm />}
      {can("request_clips") && (
        <p class="act">
          <button
            type="button"
            onClick={() => {
              askedFor.value = read;
            }}
          >
            {say("ask.clip")}
          </button>
        </p>
      )}
      <Limits read={read} />
      <FrameDrawing box={read.box_frac} way={read.way_frac} />
      <Facts read={read} />
      <Reviews read={read} />
    </>
  );
}

function SaveFailure() {
  const attempt = attempts.value.get(selected.value?.id ?? "");
  if (!attempt?.failure) return null;
  return (
    <p class="failure" role="alert">
      {say("failed")}: {attempt.failure}{" "}
      <button type="button" onClick={() => void review(attempt.verdict, attempt.note)}>
        {say("retry")}
      </button>
    </p>
  );
}

function Facts({ read }: { read: EventDetail }) {
  const wayFrac = length(read.way_frac);
  const lastMs = read.life.at(-1)?.duration_ms ?? read.duration_ms;
  const error = read.clock_error_ms;
  const facts: Fact[] = [
    [say("captured"), fullTime(read.captured_utc_ms)],
    [say("clock_error"), error === null ? say("clock_unproven") : `± ${span(error)}`],
    [say("latency"), span(read.stored_utc_ms - read.captured_utc_ms)],
    [say("duration"), lastMs === null ? null : span(lastMs)],
    [say("score"), read.score_percent === null ? null : percent(read.score_percent / 100)],
    [say("travel"), wayFrac === null ? null : percent(wayFrac)],
    [say("count_measured"), read.measured === null ? null : String(read.measured)],
    [say("event"), `${read.number} · ${read.device}`],
  ];
  return (
    <section>
      <h3>{say("measured")}</h3>
      <FactList facts={facts} />
    </section>
  );
}

/** The rule's parameters, each beside what was measured against it where there is one. */
function Limits({ read }: { read: EventDetail }) {
  const measured = measures(read);
  return (
    <section>
      <h3>{say("limits")}</h3>
      <p class="rule">
        {read.rule} <code>{read.rule_version.slice(0, 8)}</code>
        {read.model && <span class="dim"> · {read.model}</span>}
      </p>
      {read.parameters.length > 0 && (
        <table class="limits">
          <thead>
            <tr>
              <th scope="col">{say("parameter")}</th>
              <th scope="col" class="num">
                {say("value")}
              </th>
              <th scope="col" class="num">
                {say("measured")}
              </th>
            </tr>
          </thead>
          <tbody>
            {read.parameters.map(({ name, text }) => (
              <tr key={name}>
                <th scope="row">
                  <code>{name}</code>
                </th>
                <td class="num">{text.replaceAll("_", " ")}</td>
                <td class="num">{measured[name] ?? "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** What the event measured, in the unit of the parameter that it was compared with. */
function measures(read: EventDetail): Record<string, string | null> {
  const wayFrac = length(read.way_frac);
  const seconds = read.duration_ms === null ? null : number(read.duration_ms / 1000, 1);
  const score = read.score_percent === null ? null : number(read.score_percent / 100, 2);
  const count = read.measured === null ? null : String(read.measured);
  return {
    min_seconds: seconds,
    max_seconds: seconds,
    min_score: score,
    min_travel_frac: wayFrac === null ? null : number(wayFrac, 2),
    classes: say(`thing.${read.thing}`),
    max_things: count,
    clear_things: count,
  };
}

function Reviews({ read }: { read: EventDetail }) {
  return (
    <section>
      <h3>{say("reviews")}</h3>
      {read.reviews.length === 0 && <p class="dim">{say("no_reviews")}</p>}
      <ol class="reviews">
        {read.reviews.map((each) => (
          <li key={`${each.reviewed_utc_ms}${each.verdict}`}>
            <span class={`verdict ${each.verdict}`}>{say(`verdict.${each.verdict}`)}</span>
            <span class="dim">
              {each.reviewer.replace(/^account:/, "")} · {fullTime(each.reviewed_utc_ms)}
            </span>
            {each.note && <q>{each.note}</q>}
          </li>
        ))}
      </ol>
    </section>
  );
}

function NoteForm() {
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  const leave = () => {
    isNoteOpen.value = false;
  };
  const save = (verdict: Verdict) => {
    void review(verdict, field.current?.value ?? "");
    leave();
  };
  return (
    <form
      class="note"
      onSubmit={(event) => event.preventDefault()}
      onKeyDown={(event) => event.key === "Escape" && leave()}
    >
      <label>
        {say("note_label")}
        <textarea
          ref={field}
          rows={2}
          maxLength={500}
          defaultValue={selected.value?.review?.note}
        />
      </label>
      <div class="buttons">
        {(["confirmed", "rejected", "unsure"] as const).map((verdict) => (
          <button type="button" key={verdict} class={verdict} onClick={() => save(verdict)}>
            {say(`verdict.${verdict}`)}
          </button>
        ))}
        <button type="button" class="quiet" onClick={leave}>
          {say("cancel")}
        </button>
      </div>
    </form>
  );
}

function length(way: readonly [number, number][]): number | null {
  const [newest, oldest] = [way[0], way.at(-1)];
  if (!newest || !oldest || way.length < 2) return null;
  return Math.hypot(newest[0] - oldest[0], newest[1] - oldest[1]);
}
