/** One clip: who asked and why, what the pole said, and what may be done with it now. */

import { useState } from "preact/hooks";
import { can, me } from "./api";
import { State } from "./Clips";
import { approve, type Clip, hold, showCase } from "./clips";
import { type Fact, FactList } from "./FactList";
import { Failure } from "./Failure";
import { bytes, day, fullTime } from "./moments";
import { Player } from "./Player";
import { reason } from "./signals";
import { say } from "./words";

const DAY_MS = 86_400_000;

export function Chosen({ clip }: { clip: Clip }) {
  return (
    <>
      <div class="panel-head">
        <h2>
          {clip.camera} · {clip.device}
        </h2>
      </div>
      {clip.is_bench && <p class="bench-why">{say("clip.bench_why")}</p>}
      <State clip={clip} />
      {clip.message && (
        <p class={["refused", "failed"].includes(clip.state) ? "failure" : "said"}>
          <b>{say("clip.said")}</b> {clip.message}
        </p>
      )}
      {clip.state === "waiting" && <Agree clip={clip} />}
      {clip.state === "ready" && <Player clip={clip} />}
      <Facts clip={clip} />
      {clip.state === "ready" && can("hold_clips") && <Hold clip={clip} />}
    </>
  );
}

function Facts({ clip }: { clip: Clip }) {
  const itsCase = (
    <button type="button" class="link" onClick={() => showCase(clip.case)}>
      {clip.case}
    </button>
  );
  const facts: Fact[] = [
    [say("clip.case"), itsCase],
    [say("clip.from"), fullTime(clip.from_utc_ms)],
    [say("clip.to"), clip.kind === "still" ? null : fullTime(clip.to_utc_ms)],
    [say("clip.reason"), clip.reason],
    [say("clip.requester"), `${clip.requester} (${say(`role.${clip.role}`)})`],
    [say("clip.second"), clip.second_person || null],
    [say("clip.requested"), fullTime(clip.requested_utc_ms)],
    [say("event"), clip.event === null ? null : String(clip.event)],
    [say("clip.size"), clip.sealed_bytes ? bytes(clip.sealed_bytes) : null],
    [say("clip.expires"), clip.expires_utc_ms === null ? null : day(clip.expires_utc_ms)],
    [say("clip.held"), clip.held_until_utc_ms === null ? null : day(clip.held_until_utc_ms)],
    [say("clip.name"), clip.clip],
  ];
  return (
    <section>
      <h3>{say("clip.request")}</h3>
      <FactList facts={facts} />
    </section>
  );
}

function Agree({ clip }: { clip: Clip }) {
  const [failure, setFailure] = useState<string | null>(null);
  const isOwn = clip.requester === `account:${me.value?.account}`;
  if (!can("approve_clips") || isOwn) return <p class="dim">{say("clip.second_why")}</p>;
  return (
    <div class="act">
      <p>{say("clip.second_why")}</p>
      <button
        type="button"
        class="main"
        onClick={() => approve(clip).catch((error) => setFailure(reason(error)))}
      >
        {say("clip.approve")}
      </button>
      <Failure text={failure} />
    </div>
  );
}

function Hold({ clip }: { clip: Clip }) {
  const [failure, setFailure] = useState<string | null>(null);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.target as HTMLFormElement);
    const untilMs = new Date(String(fields.get("until"))).getTime() + DAY_MS - 1;
    setFailure(null);
    hold(clip, String(fields.get("reason")), untilMs).catch((error) => setFailure(reason(error)));
  };
  return (
    <details>
      <summary>{say("clip.hold")}</summary>
      <form class="stack" onSubmit={submit}>
        <p class="dim">{say("clip.hold_why")}</p>
        <label>
          {say("clip.hold_reason")}
          <input name="reason" required maxLength={200} />
        </label>
        <label>
          {say("clip.hold_until")}
          <input name="until" type="date" required />
        </label>
        <Failure text={failure} />
        <button type="submit">{say("clip.hold_do")}</button>
      </form>
    </details>
  );
}
