/** The clip itself: opened with the officer's key in this browser, played, and proven or not. */

import { useState } from "preact/hooks";
import { Bench } from "./Clips";
import type { Clip } from "./clips";
import type { Manifest, Verdict } from "./evidence";
import { type Fact, FactList } from "./FactList";
import { Failure } from "./Failure";
import { bytes, fullTime, span } from "./moments";
import {
  busy,
  failure,
  forgetKey,
  isTooLong,
  keyName,
  type Playing,
  play,
  playing,
  readerKey,
  takeKey,
} from "./playing";
import { TooLong } from "./TooLong";
import { say } from "./words";

export function Player({ clip }: { clip: Clip }) {
  const shown = playing.value?.clip === clip.clip ? playing.value : null;
  return (
    <section class="player">
      <h3>{say("player.title")}</h3>
      {isTooLong(clip) && <TooLong clip={clip} />}
      {!isTooLong(clip) && !shown && <Opening clip={clip} />}
      {shown && <Shown clip={clip} shown={shown} />}
      <Failure text={failure.value} />
    </section>
  );
}

function Opening({ clip }: { clip: Clip }) {
  const [locked, setLocked] = useState<File | null>(null);
  if (busy.value) return <p aria-busy="true">{say("player.opening")}</p>;
  if (readerKey.value) {
    return (
      <div class="act">
        <p class="dim">
          {say("player.key", keyName.value)}{" "}
          <button type="button" class="link" onClick={forgetKey}>
            {say("player.forget")}
          </button>
        </p>
        <button type="button" class="main" onClick={() => void play(clip)}>
          {say("player.open")}
        </button>
        <p class="dim">{say("player.audit")}</p>
      </div>
    );
  }
  const take = async (file: File | undefined, passphrase: string) => {
    if (file) setLocked((await takeKey(file, passphrase)) ? file : null);
  };
  return (
    <div class="stack">
      <label>
        {say("player.choose")}
        <input
          type="file"
          accept=".pem"
          onChange={(event) => void take(event.currentTarget.files?.[0], "")}
        />
      </label>
      <p class="dim">{say("player.key_stays")}</p>
      {locked && <Passphrase enter={(words) => void take(locked, words)} />}
    </div>
  );
}

function Passphrase({ enter }: { enter: (words: string) => void }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    enter(String(new FormData(event.target as HTMLFormElement).get("passphrase")));
  };
  return (
    <form class="stack" onSubmit={submit}>
      <label>
        {say("player.passphrase")}
        <input name="passphrase" type="password" required autocomplete="off" />
      </label>
      <button type="submit">{say("player.unlock")}</button>
    </form>
  );
}

function Shown({ clip, shown }: { clip: Clip; shown: Playing }) {
  const { verdict } = shown;
  const isBench = clip.is_bench || verdict.manifest?.mandate.profile === "bench";
  const manifestUrl = `data:application/json;charset=utf-8,${encodeURIComponent(shown.manifest)}`;
  return (
    <>
      <Mark verdict={verdict} />
      <div class="screen">
        <video controls muted src={shown.url} aria-label={say("player.title")} />
        {isBench && <Bench />}
      </div>
      <p class="save">
        <a href={shown.url} download={`${clip.clip}.mp4`}>
          {say("player.save_mp4", bytes(shown.mp4Bytes))}
        </a>
        <a href={manifestUrl} download={`${clip.clip}.manifest.json`}>
          {say("player.save_manifest")}
        </a>
      </p>
      {verdict.manifest && <Proof manifest={verdict.manifest} verdict={verdict} />}
    </>
  );
}

/** What was proven, or what is wrong first; never a mark without its sentence. */
function Mark({ verdict }: { verdict: Verdict }) {
  const { fault, manifest } = verdict;
  if (fault) {
    const { fragment } = fault;
    return (
      <div class="mark wrong" role="alert">
        <b>✗ {say("proof.no")}</b>
        <p>{say(fault.key, fault.given)}</p>
        {fragment && (
          <p>
            {say("proof.seq", fragment.seq)} {fullTime(fragment.first_utc_ms)}
          </p>
        )}
      </div>
    );
  }
  return (
    <div class="mark right" role="status">
      <b>✓ {say("proof.yes", manifest?.request.device ?? "")}</b>
      <p>{say("proof.how", manifest?.fragments.length ?? 0)}</p>
    </div>
  );
}

function Proof({ manifest, verdict }: { manifest: Manifest; verdict: Verdict }) {
  const first = manifest.fragments[0];
  const last = manifest.fragments.at(-1);
  const errors = manifest.fragments.map((each) => each.clock_error_ms);
  const worst = errors.includes(null) ? null : Math.max(...errors.map((each) => each ?? 0));
  const source = manifest.spans[0]?.clock_source ?? "";
  const removed = verdict.signer?.removed_utc_ms ?? null;
  const facts: Fact[] = [
    [say("proof.first"), first ? fullTime(first.first_utc_ms) : null],
    [say("proof.last"), last ? fullTime(last.first_utc_ms + last.duration_ms) : null],
    [
      say("clock_error"),
      worst === null ? say("clock_unproven") : `± ${span(worst)}${source && ` (${source})`}`,
    ],
    [say("proof.gaps"), String(manifest.gaps.length)],
    [say("proof.mandate"), `${manifest.mandate.version} · ${manifest.mandate.profile}`],
    [say("proof.key"), verdict.signer?.keyid.slice(0, 16) ?? null],
    [say("proof.removed"), removed === null ? null : fullTime(removed)],
  ];
  return (
    <details>
      <summary>{say("proof.what")}</summary>
      <FactList facts={facts} breaks />
      {manifest.gaps.map((gap) => (
        <p key={gap.from_utc_ms} class="late">
          {fullTime(gap.from_utc_ms)} – {fullTime(gap.to_utc_ms)}: {gap.reason}
        </p>
      ))}
    </details>
  );
}
