/** Mandates: what each pole may do now or why it may not, and every signed statement. */

import { useState } from "preact/hooks";
import { can, post } from "./api";
import { Bench } from "./Clips";
import { Failure } from "./Failure";
import { day, span } from "./moments";
import { usePolled } from "./polled";
import { reason } from "./signals";
import { say } from "./words";

const SOON_MS = 30 * 86_400_000;

interface Pole {
  name: string;
  is_connected: boolean;
  has_health: boolean;
  mandate_version: number | null;
  mandate_reason: string;
  clock_source: string;
  clock_error_ms: number | null;
}

interface Statement {
  kind: "mandate" | "revocation";
  version: number;
  authority: string;
  signers: string[];
  delivered_utc_ms: number;
  reason?: string;
  profile?: string;
  mode?: string;
  legal_basis?: string;
  purpose?: string;
  place?: string;
  devices?: string[];
  cameras?: { camera: string; zones: { zone: string; functions: string[] }[] }[];
  begins_utc_ms?: number;
  ends_utc_ms?: number;
  ring_days?: number;
  clip_requesters?: string[];
  is_revoked?: boolean;
  in_force_at?: string[];
}

interface Answer {
  collector_utc_ms: number;
  authority: {
    name: string;
    threshold: number;
    signers: string[];
    readers: string[];
    fingerprint: string;
  } | null;
  statements: Statement[];
  poles: Pole[];
}

export function Mandates() {
  const { read, failure, again } = usePolled<Answer>("/api/mandates", 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <main class="wide" tabIndex={0}>
      <h1>{say("mandates")}</h1>
      <Failure text={failure} />
      {read && (
        <>
          <Authority authority={read.authority} />
          <Poles poles={read.poles} />
          {can("deliver_mandates") && <Deliver again={again} />}
          <h2>{say("mandate.statements")}</h2>
          {read.statements.length === 0 && <p class="dim">{say("mandate.none")}</p>}
          {read.statements.map((each) => (
            <StatementCard
              key={`${each.kind}-${each.version}-${each.delivered_utc_ms}`}
              statement={each}
              nowMs={read.collector_utc_ms}
            />
          ))}
        </>
      )}
    </main>
  );
}

function Authority({ authority }: { authority: Answer["authority"] }) {
  if (!authority) return <p class="failure">{say("mandate.no_trust")}</p>;
  return (
    <section class="sheet">
      <h2>{authority.name}</h2>
      <dl class="terms">
        <dt>{say("mandate.signers")}</dt>
        <dd>
          {authority.signers.join(", ")} ({say("mandate.threshold", authority.threshold)})
        </dd>
        <dt>{say("mandate.readers")}</dt>
        <dd>{authority.readers.join(", ") || "–"}</dd>
        <dt>{say("mandate.fingerprint")}</dt>
        <dd class="mono">{authority.fingerprint}</dd>
      </dl>
    </section>
  );
}

function Poles({ poles }: { poles: Pole[] }) {
  return (
    <div class="scrolls">
      <table>
        <thead>
          <tr>
            {["devices", "mandate.in_force", "mandate.sees", "clock"].map((key) => (
              <th key={key} scope="col">
                {say(key)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {poles.map((pole) => (
            <tr key={pole.name}>
              <th scope="row">{pole.name}</th>
              <td>
                {pole.mandate_version === null ? "–" : say("mandate.version", pole.mandate_version)}
              </td>
              <td>
                <Sight pole={pole} />
              </td>
              <td>
                {pole.clock_source || say("clock_unproven")}
                {pole.clock_error_ms !== null && ` ± ${span(pole.clock_error_ms)}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Whether a pole detects and records, and why not where it does not. */
function Sight({ pole }: { pole: Pole }) {
  if (!pole.has_health) return <span class="dim">{say("no_health")}</span>;
  if (!pole.mandate_reason) return <span class="chip good">{say("mandate.seeing")}</span>;
  return (
    <>
      <span class="chip bad">{say("mandate.blind")}</span> {say(`why.${pole.mandate_reason}`)}
    </>
  );
}

function StatementCard({ statement, nowMs }: { statement: Statement; nowMs: number }) {
  const { kind, version } = statement;
  const isRevocation = kind === "revocation";
  return (
    <article class="sheet">
      <header class="line">
        <h3>{say(isRevocation ? "mandate.revocation" : "mandate.version", version)}</h3>
        {statement.profile === "bench" && <Bench />}
        {!isRevocation && <Standing statement={statement} nowMs={nowMs} />}
      </header>
      <dl class="terms">
        <dt>{say("mandate.signed_by")}</dt>
        <dd>{statement.signers.join(", ")}</dd>
        <dt>{say("mandate.delivered")}</dt>
        <dd>{day(statement.delivered_utc_ms)}</dd>
        {isRevocation && (
          <>
            <dt>{say("clip.reason")}</dt>
            <dd>{statement.reason}</dd>
          </>
        )}
        {!isRevocation && <Terms statement={statement} />}
      </dl>
    </article>
  );
}

function Standing({ statement, nowMs }: { statement: Statement; nowMs: number }) {
  const { begins_utc_ms: begins = 0, ends_utc_ms: ends = 0 } = statement;
  if (statement.is_revoked) return <span class="chip bad">{say("mandate.revoked")}</span>;
  if (nowMs >= ends) return <span class="chip">{say("mandate.over", day(ends))}</span>;
  if (nowMs < begins) return <span class="chip">{say("mandate.begins", day(begins))}</span>;
  if (ends - nowMs < SOON_MS)
    return <span class="chip bad">{say("mandate.soon", span(ends - nowMs))}</span>;
  return <span class="chip good">{say("mandate.until", day(ends))}</span>;
}

function Terms({ statement }: { statement: Statement }) {
  const terms: [string, string][] = [
    [say("mandate.basis"), statement.legal_basis ?? ""],
    [say("mandate.purpose"), statement.purpose ?? ""],
    [say("mandate.place"), statement.place ?? ""],
    [say("mandate.profile"), `${statement.profile} · ${say(`mode.${statement.mode}`)}`],
    [say("devices"), statement.devices?.join(", ") ?? ""],
    [say("mandate.in_force_at"), statement.in_force_at?.join(", ") || say("mandate.nowhere")],
    [say("mandate.ring"), say("mandate.days", statement.ring_days ?? 0)],
    [
      say("mandate.requesters"),
      statement.clip_requesters?.map((role) => say(`role.${role}`)).join(", ") || "–",
    ],
  ];
  return (
    <>
      {terms.map(([name, value]) => (
        <>
          <dt key={name}>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
      <dt>{say("mandate.cameras")}</dt>
      <dd>
        <ul class="list-plain">
          {statement.cameras?.map(({ camera, zones }) => (
            <li key={camera}>
              <b>{camera}</b>{" "}
              {zones
                .map(
                  ({ zone, functions }) =>
                    `${zone === "*" ? say("mandate.whole") : zone}: ${functions
                      .map((name) => say(`function.${name}`))
                      .join(", ")}`,
                )
                .join(" · ")}
            </li>
          ))}
        </ul>
      </dd>
    </>
  );
}

function Deliver({ again }: { again: () => void }) {
  const [refusal, setRefusal] = useState<string | null>(null);
  const [sent, setSent] = useState<string[] | null>(null);
  const take = async (file: File | undefined) => {
    if (!file) return;
    setRefusal(null);
    setSent(null);
    try {
      const envelope = await file.text();
      setSent((await post<{ devices: string[] }>("/api/mandates", { envelope })).devices);
      again();
    } catch (error) {
      setRefusal(reason(error));
    }
  };
  return (
    <section class="sheet">
      <h2>{say("mandate.deliver")}</h2>
      <label>
        {say("mandate.deliver_file")}
        <input
          type="file"
          accept=".json"
          onChange={(event) => void take(event.currentTarget.files?.[0])}
        />
      </label>
      <p class="dim">{say("mandate.deliver_why")}</p>
      <Failure text={refusal} />
      {sent && (
        <p class="mark right" role="status">
          {say("mandate.sent", sent.join(", ") || "–")}
        </p>
      )}
    </section>
  );
}
