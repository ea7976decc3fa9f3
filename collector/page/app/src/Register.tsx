/** The register of a period: weeks at a glance, and the signed archive to hand on. */

import { useState } from "preact/hooks";
import { Failure } from "./Failure";
import { inputTime } from "./localTime";
import { number, percent, zoneName } from "./moments";
import { usePolled } from "./polled";
import { say } from "./words";

const DAY_MS = 86_400_000;
const FIRST_DAYS = 28;

interface Answer {
  signals: number;
  interruptions: number;
  key_sha256: string;
  weeks: {
    week: string;
    signals: number;
    confirmed: number;
    rejected: number;
    unsure: number;
    unreviewed: number;
    false_share: number | null;
  }[];
}

export function Register() {
  const [first, setFirst] = useState(
    inputTime(Date.now() - FIRST_DAYS * DAY_MS, zoneName()).slice(0, 10),
  );
  const [last, setLast] = useState(inputTime(Date.now(), zoneName()).slice(0, 10));
  const period = `from=${Date.parse(first)}&to=${Date.parse(last) + DAY_MS}`;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <main class="wide" tabIndex={0}>
      <h1>{say("register")}</h1>
      <p class="dim">{say("register.why")}</p>
      <form class="line" onSubmit={(event) => event.preventDefault()}>
        <DayField name={say("clip.from")} value={first} set={setFirst} />
        <DayField name={say("register.to")} value={last} set={setLast} />
      </form>
      {first && last && <Period key={period} period={period} />}
    </main>
  );
}

function DayField(props: { name: string; value: string; set: (day: string) => void }) {
  return (
    <label>
      {props.name}
      <input
        type="date"
        required
        value={props.value}
        onChange={(event) => props.set(event.currentTarget.value)}
      />
    </label>
  );
}

function Period({ period }: { period: string }) {
  const { read, failure } = usePolled<Answer>(`/api/register?${period}`, 0);
  if (!read) return <Failure text={failure} />;
  const heads = ["signals", "confirmed_n", "rejected_n", "unsure_n", "register.open"];
  return (
    <>
      <p>
        {say("register.signals", number(read.signals))} ·{" "}
        {say("register.interruptions", number(read.interruptions))}
      </p>
      <div class="scrolls">
        <table>
          <thead>
            <tr>
              <th scope="col">{say("register.week")}</th>
              {[...heads, "calibration.false"].map((key) => (
                <th key={key} scope="col" class="num">
                  {say(key)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {read.weeks.map((week) => (
              <tr key={week.week}>
                <th scope="row">{week.week}</th>
                {[week.signals, week.confirmed, week.rejected, week.unsure, week.unreviewed].map(
                  (count, at) => (
                    <td key={heads[at]} class="num">
                      {number(count)}
                    </td>
                  ),
                )}
                <td class="num">{week.false_share === null ? "–" : percent(week.false_share)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p>
        <a href={`/api/register/export?${period}`} download>
          {say("register.export")}
        </a>
      </p>
      <p class="dim">{say("register.key")}</p>
      <p class="mono">{read.key_sha256}</p>
    </>
  );
}
