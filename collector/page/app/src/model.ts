/** What the collector says, as `collector/page/rows.py` writes it. */

export type Verdict = "confirmed" | "rejected" | "unsure" | "withdrawn";

export interface Review {
  verdict: Verdict;
  note: string;
  reviewer: string;
  reviewed_utc_ms: number;
}

export interface EventRow {
  number: number;
  incident: string;
  seq: number;
  device: string;
  camera: string;
  function: string;
  rule: string;
  place: string;
  thing: string;
  phase: string;
  captured_utc_ms: number;
  stored_utc_ms: number;
  clock_error_ms: number | null;
  score_percent: number | null;
  duration_ms: number | null;
  measured: number | null;
  review: Review | null;
  is_bench: boolean;
}

export interface Parameter {
  name: string;
  text: string;
}

export interface EventDetail extends EventRow {
  sentence: string;
  model: string;
  rule_version: string;
  parameters: Parameter[];
  box_frac: [number, number, number, number] | null;
  way_frac: [number, number][];
  track: number | null;
  life: EventRow[];
  reviews: Review[];
}

export interface CameraHealth {
  camera: string;
  is_open: boolean;
  frames_captured: number;
  frames_analysed: number;
  frames_dropped: number;
  video_bytes: number;
  cpu_ms: number;
}

export interface Ring {
  ring_bytes: number;
  ring_quota_bytes: number;
  oldest_utc_ms: number | null;
  newest_utc_ms: number | null;
  gaps: number;
}

export interface Health {
  uptime_ms: number;
  pending_events: number;
  spool_bytes: number;
  spool_quota_bytes: number;
  temperature_c: number | null;
  disk_free_bytes: number;
  clock_error_ms: number | null;
  clock_source: string;
  mandate_version: number | null;
  mandate_reason: string;
  ring: Ring | null;
  cameras: CameraHealth[];
}

export interface Device {
  name: string;
  state: string;
  is_connected: boolean;
  last_seen_utc_ms: number | null;
  stored_events: number;
  certificate_expires_utc_ms: number | null;
  software: string;
  has_twin: boolean;
  health_utc_ms: number | null;
  health: Health | null;
}

export interface RulePrecision {
  device: string;
  camera: string;
  rule: string;
  function: string;
  confirmed: number;
  rejected: number;
  unsure: number;
  share: { value: number; low: number; high: number } | null;
}
