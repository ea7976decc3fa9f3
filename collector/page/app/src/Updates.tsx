/** Rollouts: how each wave stands, how each pole does, and the brake. */

import { useState } from "preact/hooks";
import { can, post } from "./api";
import { Failure } from "./Failure";
import { FormDialog } from "./FormDialog";
import { fullTime, number } from "./moments";
import { usePolled } from "./polled";
import { learn, say } from "./words";
import { UPDATES } from "./words.updates";

learn(UPDATES);

const WAVE_COUNTS = ["poles", "waiting", "under_way", "committed", "failed"] as const;
const BAD = ["returned", "refused", "silent"];

type Wave = Record<(typeof WAVE_COUNTS)[number], number>;

interface Rollout {
  number: number;
  version: string;
  board: string;
  state: "running" | "halted" | "finished";
  message: string;
  started_utc_ms: number;
  hours: string;
  at_most: number;
  waves: Wave[];
}

interface Pole {
  device: string;
  wave: number;
  state: string;
  reason: string;
  message: string;
  changed_utc_ms: number;
}

export function View() {
  const { read, failure, again } = usePolled<{ rollouts: Rollout[] }>("/api/updates");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <main class="wide" tabIndex={0}>
      <h1>{say("updates")}</h1>
      <Failure text={failure} />
      {read?.rollouts.length === 0 && <p class="empty">{say("rollout.none")}</p>}
      {read?.rollouts.map((each) => (
        <RolloutCard key={each.number} rollout={each} again={again} />
      ))}
    </main>
  );
}

function RolloutCard({ rollout, again }: { rollout: Rollout; again: () => void }) {
  const [isOpen, setOpen] = useState(false);
  const tone = { running: "busy", halted: "bad", finished: "good" }[rollout.state];
  return (
    <article class="sheet">
      <header class="line">
        <h2>{say("rollout.title", rollout.number)}</h2>
        <b>
          {rollout.version} · {rollout.board}
        </b>
        <span class={`chip ${tone}`}>{say(`rollout.${rollout.state}`)}</span>
      </header>
      {rollout.message && <p class="late">{rollout.message}</p>}
      <dl class="terms">
        <dt>{say("rollout.hours")}</dt>
        <dd>{rollout.hours}</dd>
        <dt>{say("rollout.at_most")}</dt>
        <dd>{number(rollout.at_most)}</dd>
        <dt>{say("rollout.began")}</dt>
        <dd>{fullTime(rollout.started_utc_ms)}</dd>
      </dl>
      <Waves waves={rollout.waves} />
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{say("rollout.show")}</summary>
        {isOpen && <Poles rollout={rollout.number} />}
      </details>
      <Brake rollout={rollout} again={again} />
    </article>
  );
}

function Waves({ waves }: { waves: Wave[] }) {
  return (
    <div class="scrolls">
      <table>
        <thead>
          <tr>
            <th scope="col">{say("rollout.wave")}</th>
            {WAVE_COUNTS.map((name) => (
              <th key={name} scope="col" class="num">
                {say(`rollout.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {waves.map((wave, place) => (
            <tr key={place}>
              <th scope="row">{place ? place + 1 : say("rollout.canary", 1)}</th>
              {WAVE_COUNTS.map((name) => (
                <td key={name} class={name === "failed" && wave[name] ? "num late" : "num"}>
                  {number(wave[name])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Poles({ rollout }: { rollout: number }) {
  const { read, failure } = usePolled<{ poles: Pole[] }>(`/api/updates/${rollout}`);
  const tone = (state: string) =>
    state === "committed" ? "chip good" : BAD.includes(state) ? "chip bad" : "chip";
  return (
    <div class="scrolls">
      <Failure text={failure} />
      <table>
        <thead>
          <tr>
            {["rollout.poles", "rollout.wave", "state", "rollout.reason", "rollout.since"].map(
              (key) => (
                <th key={key} scope="col">
                  {say(key)}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {read?.poles.map((pole) => (
            <tr key={pole.device}>
              <th scope="row">{pole.device}</th>
              <td class="num">{pole.wave}</td>
              <td>
                <span class={tone(pole.state)}>{say(`pole.${pole.state}`)}</span>
              </td>
              <td title={pole.message}>{pole.reason && say(`refusal.${pole.reason}`)}</td>
              <td>{fullTime(pole.changed_utc_ms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Stops a rollout, or lets it go on; each asks once more. */
function Brake({ rollout, again }: { rollout: Rollout; again: () => void }) {
  const [isAsking, setAsking] = useState(false);
  const does = rollout.state === "running" ? "halt" : "resume";
  const right = does === "halt" ? "halt_updates" : "roll_out_updates";
  if (rollout.state === "finished" || !can(right)) return null;
  const submit = async (fields: FormData) => {
    const reason = String(fields.get("reason") ?? "");
    await post(`/api/updates/${rollout.number}/${does}`, { reason });
    setAsking(false);
    again();
  };
  return (
    <p class="line">
      <button type="button" onClick={() => setAsking(true)}>
        {say(`rollout.${does}`, rollout.number)}
      </button>
      {isAsking && (
        <FormDialog
          id="brake-title"
          title={say(`rollout.${does}`, rollout.number)}
          does={say(`rollout.${does}`, rollout.number)}
          submit={submit}
          leave={() => setAsking(false)}
        >
          <p>{say(`rollout.${does}_why`)}</p>
          {does === "halt" && (
            <label>
              {say("rollout.reason")}
              <input name="reason" maxLength={200} />
            </label>
          )}
        </FormDialog>
      )}
    </p>
  );
}
