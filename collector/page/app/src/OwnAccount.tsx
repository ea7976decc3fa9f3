/** One's own account: the passkeys that open it, a new one, and taking one away. */

import { useEffect, useState } from "preact/hooks";
import { me, post } from "./api";
import { Failure } from "./Failure";
import { day, fullTime } from "./moments";
import { add, isAble } from "./passkeys";
import { usePolled } from "./polled";
import { reason } from "./signals";
import { say } from "./words";

interface Passkey {
  name: string;
  created_utc_ms: number;
  used_utc_ms: number | null;
}

interface Answer {
  are_possible: boolean;
  passkeys: Passkey[];
}

export function OwnAccount() {
  const { read, failure, again } = usePolled<Answer>("/api/passkeys", 0);
  const [refusal, setRefusal] = useState<string | null>(null);
  useEffect(() => {
    if (read?.are_possible && me.value) me.value = { ...me.value, passkeys: read.passkeys.length };
  }, [read]);
  const change = (act: Promise<unknown>) =>
    act
      .then(() => {
        setRefusal(null);
        again();
      })
      .catch((error) => setRefusal(reason(error)));
  const remove = (name: string) => {
    if (!confirm(say("passkey.remove_sure", name))) return;
    void change(post("/api/passkeys/remove", { name }));
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <main class="wide" tabIndex={0}>
      <h1>{say("account.own", me.value?.account ?? "")}</h1>
      <Failure text={failure ?? refusal} />
      <section class="sheet">
        <h2>{say("passkeys")}</h2>
        <p>{say("passkey.why")}</p>
        {read && <Adding answer={read} change={change} />}
      </section>
      <table>
        <thead>
          <tr>
            {["name", "account.since", "passkey.used"].map((key) => (
              <th key={key} scope="col">
                {say(key)}
              </th>
            ))}
            <td />
          </tr>
        </thead>
        <tbody>
          {read?.passkeys.map((passkey) => (
            <tr key={passkey.name}>
              <th scope="row">{passkey.name}</th>
              <td>{day(passkey.created_utc_ms)}</td>
              <td>
                {passkey.used_utc_ms === null
                  ? say("passkey.never")
                  : fullTime(passkey.used_utc_ms)}
              </td>
              <td>
                <button type="button" onClick={() => remove(passkey.name)}>
                  {say("passkey.remove", passkey.name)}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </main>
  );
}

function Adding({ answer, change }: { answer: Answer; change: (act: Promise<unknown>) => void }) {
  if (!answer.are_possible) return <p class="dim">{say("passkey.no_origin")}</p>;
  if (!isAble()) return <p class="dim">{say("passkey.no_browser")}</p>;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    change(add(String(new FormData(form).get("name"))).then(() => form.reset()));
  };
  return (
    <form class="line" onSubmit={submit}>
      <label>
        {say("passkey.name")}
        <input name="name" required maxLength={40} autocomplete="off" />
      </label>
      <button type="submit" class="main">
        {say("passkey.add")}
      </button>
    </form>
  );
}
