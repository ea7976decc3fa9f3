/** How often each rule was right, as far as people have said. */

import type { RulePrecision } from "./model";
import { percent } from "./moments";
import { usePolled } from "./polled";
import { say } from "./words";

const BAR = 160;

export function Precision() {
  const { read, failure } = usePolled<{ rules: RulePrecision[] }>("/api/precision");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <main class="wide" tabIndex={0}>
      <h1>{say("precision")}</h1>
      <p class="dim">{say("precision_why")}</p>
      {failure && (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
      {read?.rules.length === 0 && <p class="empty">{say("no_precision")}</p>}
      {read && read.rules.length > 0 && <Table rules={read.rules} />}
    </main>
  );
}

function Table({ rules }: { rules: RulePrecision[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{say("rule")}</th>
          <th scope="col">{say("function")}</th>
          <th scope="col">{say("camera")}</th>
          <th scope="col" class="num">
            {say("share")}
          </th>
          <th scope="col">{say("interval")}</th>
          <th scope="col" class="num">
            {say("reviewed")}
          </th>
          <th scope="col" class="num">
            {say("confirmed_n")}
          </th>
          <th scope="col" class="num">
            {say("rejected_n")}
          </th>
          <th scope="col" class="num">
            {say("unsure_n")}
          </th>
        </tr>
      </thead>
      <tbody>
        {rules.map((rule) => (
          <tr key={`${rule.device}/${rule.camera}/${rule.rule}/${rule.function}`}>
            <th scope="row">{rule.rule || "–"}</th>
            <td>{say(`function.${rule.function}`)}</td>
            <td>
              {rule.camera} <span class="dim">{rule.device}</span>
            </td>
            <td class="num">
              <b>{rule.share ? percent(rule.share.value) : "–"}</b>
            </td>
            <td>{rule.share ? <Interval share={rule.share} /> : say("undecided")}</td>
            <td class="num">{rule.confirmed + rule.rejected}</td>
            <td class="num">{rule.confirmed}</td>
            <td class="num">{rule.rejected}</td>
            <td class="num">{rule.unsure}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Interval({ share }: { share: NonNullable<RulePrecision["share"]> }) {
  return (
    <span class="interval">
      <svg viewBox={`0 0 ${BAR} 12`} aria-hidden="true">
        <path class="grid" d={`M0 6H${BAR}`} />
        <rect x={share.low * BAR} y="3" width={(share.high - share.low) * BAR} height="6" rx="3" />
        <circle cx={share.value * BAR} cy="6" r="4.5" />
      </svg>
      {percent(share.low)} – {percent(share.high)}
    </span>
  );
}
