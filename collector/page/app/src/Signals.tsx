/** The live list of signals, one incident a row, and the panel that says why. */

import { useEffect, useRef } from "preact/hooks";
import { Bench } from "./Clips";
import { FunctionIcon } from "./icons";
import type { Incident } from "./incidents";
import { openNote } from "./keys";
import { clockTimeOrDate, span } from "./moments";
import { now } from "./now";
import {
  attempts,
  isLoaded,
  isOpen,
  loadOlder,
  nextBefore,
  open,
  review,
  rows,
  select,
  selected,
  selectedId,
  undo,
} from "./signals";
import { Why } from "./Why";
import { say } from "./words";

const SLOW_MS = 5_000; // a signal this late is news no more, and looks so

export function Signals() {
  const list = rows.value;
  const open_ = list.filter((row) => !row.review).length;
  return (
    <main class="signals">
      <section class="list" aria-label={say("signals")}>
        <div class="heads" aria-hidden="true">
          <span>{say("captured")}</span>
          <span />
          <span>{say("what")}</span>
          <span>{say("camera")}</span>
          <span>{say("state")}</span>
          <span class="num">{say("latency")}</span>
          <span>{say("review")}</span>
        </div>
        <List />
        <Actions waiting={open_} />
      </section>
      <aside class="panel" aria-label={say("why")}>
        {isOpen.value && selected.value ? <Why /> : <Hint />}
      </aside>
    </main>
  );
}

function List() {
  const list = rows.value;
  if (list.length === 0) {
    return (
      <p class="empty" aria-busy={!isLoaded.value}>
        {say(isLoaded.value ? "waiting" : "loading")}
      </p>
    );
  }
  const at = list.findIndex((row) => row.id === selectedId.value);
  return (
    <div class="rows">
      <div
        role="listbox"
        tabIndex={0}
        aria-label={say("signals")}
        aria-activedescendant={at < 0 ? undefined : `row-${list[at]?.first.number}`}
      >
        {list.map((row) => (
          <Row key={row.id} row={row} isSelected={row.id === selectedId.value} />
        ))}
      </div>
      {nextBefore.value !== null && (
        <button type="button" class="quiet older" onClick={() => void loadOlder()}>
          {say("older")}
        </button>
      )}
    </div>
  );
}

function Row({ row, isSelected }: { row: Incident; isSelected: boolean }) {
  const self = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isSelected) self.current?.scrollIntoView({ block: "nearest" });
  }, [isSelected]);
  const { first } = row;
  const lateMs = first.stored_utc_ms - first.captured_utc_ms;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Enter opens the selected row, see keys.ts
    <div
      ref={self}
      id={`row-${first.number}`}
      role="option"
      tabIndex={-1}
      aria-selected={isSelected}
      class={row.review || attempts.value.has(row.id) ? "row" : "row fresh"}
      onClick={() => {
        select(row.id);
        void open();
      }}
    >
      <time>{clockTimeOrDate(first.captured_utc_ms, now.value)}</time>
      <FunctionIcon name={first.function} />
      <span class="what">
        <b>
          {say(`function.${first.function}`)} {first.is_bench && <Bench />}
        </b>
        <span class="dim">
          {[first.rule, first.place !== first.rule && first.place, say(`thing.${first.thing}`)]
            .filter(Boolean)
            .join(" · ")}
        </span>
      </span>
      <span class="what">
        <span>{first.camera}</span>
        <span class="dim">{first.device}</span>
      </span>
      <Life row={row} />
      <span class={lateMs > SLOW_MS ? "num late" : "num"}>{span(lateMs)}</span>
      <Verdict row={row} />
    </div>
  );
}

function Life({ row }: { row: Incident }) {
  const { last } = row;
  // A count tells a whole period at once: it has a duration and no end.
  const isOver = last.phase === "end" || last.function === "count";
  if (isOver) return <span>{span(last.duration_ms ?? 0)}</span>;
  if (last.duration_ms === null && last.phase === "start") return <span class="dim">–</span>;
  return (
    <span class="ongoing">
      <span class="lamp" aria-hidden="true" /> {say("ongoing")}
    </span>
  );
}

/** What stands, what is being saved, or what could not be: never one for the other. */
export function Verdict({ row }: { row: Incident }) {
  const attempt = attempts.value.get(row.id);
  if (attempt?.failure) {
    return (
      <span class="verdict failed" title={attempt.failure}>
        {say("failed")}
      </span>
    );
  }
  if (attempt) {
    return (
      <span class={`verdict saving ${attempt.verdict}`}>
        {say(`verdict.${attempt.verdict}`)} <small>{say("saving")}…</small>
      </span>
    );
  }
  if (!row.review) return <span class="verdict none" />;
  return (
    <span class={`verdict ${row.review.verdict}`}>
      {say(`verdict.${row.review.verdict}`)}
      {row.review.note && <small title={row.review.note}> ✎</small>}
    </span>
  );
}

function Actions({ waiting }: { waiting: number }) {
  const isNone = selected.value === null;
  const actions: [string, string, () => void][] = [
    ["c", "confirm", () => void review("confirmed")],
    ["r", "reject", () => void review("rejected")],
    ["u", "unsure", () => void review("unsure")],
    ["n", "note", openNote],
    ["z", "undo", () => void undo()],
  ];
  return (
    <div class="actions" role="toolbar" aria-label={say("review")}>
      {actions.map(([key, name, act]) => (
        <button type="button" key={key} disabled={isNone} onClick={act} aria-keyshortcuts={key}>
          <kbd>{key}</kbd> {say(name)}
        </button>
      ))}
      <span class="grow" />
      <span class="dim" data-waiting={waiting}>
        {say("to_review", waiting)}
      </span>
    </div>
  );
}

function Hint() {
  return (
    <div class="hint">
      <p>{say("why_hint")}</p>
      <p class="dim">{say("why_audit")}</p>
      <dl class="keys">
        <dt>
          <kbd>j</kbd> <kbd>k</kbd>
        </dt>
        <dd>{say("key_next")}</dd>
        <dt>
          <kbd>Enter</kbd>
        </dt>
        <dd>{say("key_open")}</dd>
        <dt>
          <kbd>?</kbd>
        </dt>
        <dd>{say("keys")}</dd>
      </dl>
    </div>
  );
}
