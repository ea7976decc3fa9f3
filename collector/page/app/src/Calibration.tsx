/** What calibrations saw, rule by rule: for those who tune, never for the list. */

import { useState } from "preact/hooks";
import { can, post } from "./api";
import { Failure } from "./Failure";
import { fullTime, number, percent } from "./moments";
import { usePolled } from "./polled";
import { reason } from "./signals";
import { say } from "./words";

interface RuleSeen {
  device: string;
  camera: string;
  rule: string;
  function: string;
  signals: number;
  rate_per_hour: number | null;
  confirmed: number;
  rejected: number;
  unsure: number;
  by_hour_utc: number[];
  first_utc_ms: number;
  last_utc_ms: number;
}

interface Seen {
  number: number;
  device: string;
  camera: string;
  rule: string;
  captured_utc_ms: number;
  review: { verdict: string } | null;
}

export function Calibration() {
  const { read, failure, again } = usePolled<{ rules: RuleSeen[] }>("/api/calibration", 0);
  const [refusal, setRefusal] = useState<string | null>(null);
  const poles = [...new Set(read?.rules.map((rule) => rule.device))];
  const remove = (device: string) => {
    if (!confirm(say("calibration.delete_sure", device))) return;
    post(`/api/calibration/${encodeURIComponent(device)}/delete`, {})
      .then(again)
      .catch((error) => setRefusal(reason(error)));
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <main class="wide" tabIndex={0}>
      <h1>{say("calibration")}</h1>
      <p class="dim">{say("calibration.why")}</p>
      <Failure text={failure ?? refusal} />
      {read?.rules.length === 0 && <p class="empty">{say("calibration.none")}</p>}
      {read && read.rules.length > 0 && (
        <>
          <div class="scrolls">
            <Rules rules={read.rules} />
          </div>
          <p class="line">
            <a href="/api/calibration/report" download="calibration-report.html">
              {say("calibration.report")}
            </a>
            {can("delete_calibration") &&
              poles.map((device) => (
                <button type="button" key={device} onClick={() => remove(device)}>
                  {say("calibration.delete", device)}
                </button>
              ))}
          </p>
          <Signals again={again} />
        </>
      )}
    </main>
  );
}

const HEADS = ["rule", "camera", "calibration.signals", "calibration.rate", "calibration.hours"];

function Rules({ rules }: { rules: RuleSeen[] }) {
  return (
    <table>
      <thead>
        <tr>
          {[...HEADS, "confirmed_n", "rejected_n", "unsure_n", "calibration.false"].map((key) => (
            <th key={key} scope="col">
              {say(key)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rules.map((rule) => (
          <tr key={`${rule.device}/${rule.camera}/${rule.rule}`}>
            <th scope="row">{rule.rule}</th>
            <td>
              {rule.camera} · {rule.device}
            </td>
            <td>{number(rule.signals)}</td>
            <td>{rule.rate_per_hour === null ? "–" : number(rule.rate_per_hour, 2)}</td>
            <td>
              <Hours counts={rule.by_hour_utc} />
            </td>
            <td>{rule.confirmed}</td>
            <td>{rule.rejected}</td>
            <td>{rule.unsure}</td>
            <td>{share(rule)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function share({ confirmed, rejected }: RuleSeen): string {
  return confirmed + rejected ? percent(rejected / (confirmed + rejected)) : "–";
}

function Hours({ counts }: { counts: number[] }) {
  const most = Math.max(1, ...counts);
  return (
    <svg class="hours" viewBox="0 0 96 24" role="img" aria-label={counts.join(" ")}>
      {counts.map((count, hour) => {
        const height = (22 * count) / most;
        return <rect key={hour} x={hour * 4} y={24 - height} width="3" height={height} />;
      })}
    </svg>
  );
}

function Signals({ again }: { again: () => void }) {
  const {
    read,
    failure,
    again: reload,
  } = usePolled<{ events: Seen[] }>("/api/calibration/signals", 0);
  const [refusal, setRefusal] = useState<string | null>(null);
  const judge = (seen: Seen, verdict: string) =>
    post(`/api/calibration/signals/${seen.number}/review`, { verdict })
      .then(() => {
        reload();
        again();
      })
      .catch((error) => setRefusal(reason(error)));
  return (
    <section>
      <h2>{say("calibration.signals")}</h2>
      <Failure text={failure ?? refusal} />
      <table>
        <tbody>
          {read?.events.map((seen) => (
            <tr key={seen.number}>
              <td>{fullTime(seen.captured_utc_ms)}</td>
              <th scope="row">{seen.rule}</th>
              <td>
                {seen.camera} · {seen.device}
              </td>
              <td>{seen.review && say(`verdict.${seen.review.verdict}`)}</td>
              <td>
                {can("review_calibration") &&
                  (["confirmed", "rejected", "unsure"] as const).map((verdict) => (
                    <button
                      type="button"
                      key={verdict}
                      class="quiet"
                      aria-pressed={seen.review?.verdict === verdict}
                      onClick={() => void judge(seen, verdict)}
                    >
                      {say(`verdict.${verdict}`)}
                    </button>
                  ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
