/** How each pole is, and how old that knowledge is. */

import type { CameraHealth, Device, Health } from "./model";
import { bytes, day, number, span } from "./moments";
import { usePolled } from "./polled";
import { say } from "./words";

const STALE_HEALTH_MS = 180_000; // a pole speaks at least once a minute
const HOT_C = 80;
const CERTIFICATE_SOON_MS = 7 * 86_400_000;

interface Answer {
  collector_utc_ms: number;
  devices: Device[];
}

export function Devices() {
  const { read, failure } = usePolled<Answer>("/api/devices");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <main class="wide" tabIndex={0}>
      <h1>{say("devices")}</h1>
      {failure && (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
      {read?.devices.length === 0 && <p class="empty">{say("no_devices")}</p>}
      <div class="poles">
        {read?.devices.map((device) => (
          <Pole key={device.name} device={device} nowMs={read.collector_utc_ms} />
        ))}
      </div>
    </main>
  );
}

function Pole({ device, nowMs }: { device: Device; nowMs: number }) {
  const { health, health_utc_ms: saidMs } = device;
  const isOld = saidMs === null || nowMs - saidMs > STALE_HEALTH_MS;
  return (
    <article class={device.is_connected && !isOld ? "pole" : "pole old"}>
      <header>
        <h2>{device.name}</h2>
        <span class={device.is_connected ? "chip good" : "chip bad"}>
          {say(device.is_connected ? "connected" : "not_connected")}
        </span>
        {device.state !== "enrolled" && <span class="chip">{say(`state.${device.state}`)}</span>}
        {device.has_twin && <span class="chip bad">{say("twin")}</span>}
        <span class="grow" />
        <span class="dim">
          {say("last_seen")}:{" "}
          {device.last_seen_utc_ms === null
            ? say("never")
            : say("ago", span(Math.max(0, nowMs - device.last_seen_utc_ms)))}
        </span>
      </header>
      {health && saidMs !== null ? (
        <>
          <Measures device={device} health={health} nowMs={nowMs} />
          <Cameras health={health} />
          <p class={isOld ? "late" : "dim"}>{say("said", span(Math.max(0, nowMs - saidMs)))}</p>
        </>
      ) : (
        <p class="dim">{say("no_health")}</p>
      )}
    </article>
  );
}

function Measures({ device, health, nowMs }: { device: Device; health: Health; nowMs: number }) {
  const until = device.certificate_expires_utc_ms;
  const temperature = health.temperature_c;
  const error = health.clock_error_ms;
  const measures: [string, string, boolean][] = [
    [say("pending"), number(health.pending_events), health.pending_events > 100],
    [
      say("spool"),
      `${bytes(health.spool_bytes)} / ${bytes(health.spool_quota_bytes)}`,
      health.spool_bytes > 0.8 * health.spool_quota_bytes,
    ],
    [say("disk"), bytes(health.disk_free_bytes), health.disk_free_bytes < 500_000_000],
    [
      say("temperature"),
      temperature === null ? "–" : `${temperature} °C`,
      (temperature ?? 0) >= HOT_C,
    ],
    [
      say("clock"),
      error === null
        ? say("clock_unproven")
        : `± ${span(error)}${health.clock_source && ` (${health.clock_source})`}`,
      error === null,
    ],
    [
      say("proof.mandate"),
      health.mandate_reason
        ? say(`why.${health.mandate_reason}`)
        : String(health.mandate_version ?? "–"),
      health.mandate_reason !== "",
    ],
    ...ringMeasures(health, nowMs),
    [
      say("certificate"),
      until === null ? "–" : day(until),
      until !== null && until - nowMs < CERTIFICATE_SOON_MS,
    ],
    [say("events_stored"), number(device.stored_events), false],
    [say("uptime"), span(health.uptime_ms), false],
    [say("software"), device.software || "–", false],
  ];
  return (
    <dl class="measures">
      {measures.map(([name, value, isBad]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class={isBad ? "late" : undefined}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function ringMeasures({ ring }: Health, nowMs: number): [string, string, boolean][] {
  if (!ring) return [[say("ring.kept"), say("ring.none"), false]];
  const since = ring.oldest_utc_ms;
  return [
    [say("ring.kept"), `${bytes(ring.ring_bytes)} / ${bytes(ring.ring_quota_bytes)}`, false],
    [say("ring.reach"), since === null ? "–" : say("ago", span(nowMs - since)), false],
    [say("ring.gaps"), number(ring.gaps), ring.gaps > 0],
  ];
}

function Cameras({ health }: { health: Health }) {
  if (health.cameras.length === 0) return null;
  const seconds = health.uptime_ms / 1000;
  const rate = (frames: number) => (seconds ? say("per_second", number(frames / seconds, 1)) : "–");
  const row = (camera: CameraHealth) => (
    <tr key={camera.camera}>
      <th scope="row">{camera.camera}</th>
      <td>
        <span class={camera.is_open ? "chip good" : "chip bad"}>
          {say(camera.is_open ? "open" : "lost")}
        </span>
      </td>
      <td class="num">{rate(camera.frames_analysed)}</td>
      <td class="num">{number(camera.frames_dropped)}</td>
      <td class="num">{bytes(camera.video_bytes)}</td>
      <td class="num">{seconds ? `${number(camera.cpu_ms / seconds / 10)} %` : "–"}</td>
    </tr>
  );
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{say("camera")}</th>
          <th scope="col">{say("state")}</th>
          <th scope="col" class="num">
            {say("fps")}
          </th>
          <th scope="col" class="num">
            {say("dropped")}
          </th>
          <th scope="col" class="num">
            {say("kept_video")}
          </th>
          <th scope="col" class="num">
            {say("cpu")}
          </th>
        </tr>
      </thead>
      <tbody>{health.cameras.map(row)}</tbody>
    </table>
  );
}
