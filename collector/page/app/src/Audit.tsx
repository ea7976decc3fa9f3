/** The audit: is its chain whole, and what its newest lines say. */

import { Failure } from "./Failure";
import { fullTime, number } from "./moments";
import { usePolled } from "./polled";
import { say } from "./words";

const SHOWN = 150;

interface Line {
  line: number;
  utc_ms: number;
  who: string;
  action: string;
  thing: string;
  detail: string;
}

export function Audit() {
  const { read, failure, again } = usePolled<{ lines: number; head: string }>(
    "/api/audit/verify",
    0,
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <main class="wide" tabIndex={0}>
      <h1>{say("audit")}</h1>
      <p class="dim">{say("audit.why")}</p>
      {failure && (
        <p class="mark wrong" role="alert">
          {failure}
        </p>
      )}
      {read && (
        <div class="mark right" role="status">
          <b>✓ {say("audit.whole", number(read.lines))}</b>
          <p class="mono">{read.head}</p>
        </div>
      )}
      <p>
        <button type="button" onClick={again}>
          {say("audit.again")}
        </button>
      </p>
      {read && <Lines after={Math.max(0, read.lines - SHOWN)} />}
    </main>
  );
}

function Lines({ after }: { after: number }) {
  const { read, failure } = usePolled<{ lines: Line[] }>(`/api/audit?after=${after}`, 0);
  return (
    <>
      <Failure text={failure} />
      <div class="scrolls">
        <table>
          <thead>
            <tr>
              {["audit.line", "audit.when", "audit.who", "audit.did", "audit.detail"].map((key) => (
                <th key={key} scope="col">
                  {say(key)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {read?.lines.toReversed().map((line) => (
              <tr key={line.line}>
                <td class="num">{line.line}</td>
                <td>{fullTime(line.utc_ms)}</td>
                <td>{line.who}</td>
                <th scope="row">
                  {line.action} {line.thing}
                </th>
                <td class="breaks">{line.detail}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
