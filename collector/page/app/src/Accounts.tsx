/** Who may come in, as what; a way in that is shown once, and a way out. */

import { useState } from "preact/hooks";
import { me, post } from "./api";
import { Failure } from "./Failure";
import { day, fullTime } from "./moments";
import { usePolled } from "./polled";
import { reason } from "./signals";
import { say } from "./words";

interface Account {
  name: string;
  role: string;
  created_utc_ms: number;
  is_active: boolean;
}

interface Answer {
  accounts: Account[];
  roles: string[];
}

interface Invitation {
  path: string;
  role: string;
  expires_utc_ms: number;
}

export function Accounts() {
  const { read, failure, again } = usePolled<Answer>("/api/accounts", 0);
  const [refusal, setRefusal] = useState<string | null>(null);
  const close = (name: string) => {
    if (!confirm(say("account.close_sure", name))) return;
    post(`/api/accounts/${encodeURIComponent(name)}/close`, {})
      .then(() => {
        setRefusal(null);
        again();
      })
      .catch((error) => setRefusal(reason(error)));
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <main class="wide" tabIndex={0}>
      <h1>{say("accounts")}</h1>
      <Failure text={failure ?? refusal} />
      <Invite roles={read?.roles ?? []} />
      <table>
        <thead>
          <tr>
            {["name", "account.role", "account.since", "state"].map((key) => (
              <th key={key} scope="col">
                {say(key)}
              </th>
            ))}
            <td />
          </tr>
        </thead>
        <tbody>
          {read?.accounts.map((account) => (
            <tr key={account.name} class={account.is_active ? undefined : "dim"}>
              <th scope="row">{account.name}</th>
              <td>{say(`role.${account.role}`)}</td>
              <td>{day(account.created_utc_ms)}</td>
              <td>
                <span class={account.is_active ? "chip good" : "chip"}>
                  {say(account.is_active ? "account.open" : "account.closed")}
                </span>
              </td>
              <td>
                {account.is_active && account.name !== me.value?.account && (
                  <button type="button" onClick={() => close(account.name)}>
                    {say("account.close", account.name)}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </main>
  );
}

function Invite({ roles }: { roles: string[] }) {
  const [made, setMade] = useState<Invitation | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const role = String(new FormData(event.target as HTMLFormElement).get("role"));
    post<Invitation>("/api/accounts/invite", { role })
      .then(setMade)
      .catch((error) => setRefusal(reason(error)));
  };
  return (
    <section class="sheet">
      <h2>{say("account.invite")}</h2>
      <form class="line" onSubmit={submit}>
        <label>
          {say("account.role")}
          <select name="role">
            {roles.map((role) => (
              <option key={role} value={role}>
                {say(`role.${role}`)}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="main">
          {say("account.invite_do")}
        </button>
      </form>
      <Failure text={refusal} />
      {made && (
        <div class="stack">
          <p>{say("account.link")}</p>
          <label>
            {say("account.link_for", say(`role.${made.role}`))}
            <input readOnly value={location.origin + made.path} />
          </label>
          <p class="dim">
            {say("clip.to")}: {fullTime(made.expires_utc_ms)}
          </p>
        </div>
      )}
    </section>
  );
}
