/** The way in: a one-time link makes an account, a name and a password or a passkey open a session. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { type Me, me, post } from "./api";
import { Eye } from "./icons";
import { enter as enterByPasskey } from "./passkeys";
import { go, invitation } from "./place";
import { Language } from "./Shell";
import { reason } from "./signals";
import { UsePasskey } from "./UsePasskey";
import { say } from "./words";

export function Welcome() {
  const enter = async (name: string, password: string) => {
    me.value = await post<Me>("/api/welcome", { token: invitation(), name, password });
    go("/");
  };
  return (
    <Door title={say("make_account")} why={say("make_account_why")}>
      <Form action={say("make_account_do")} rule={say("password_rule")} enter={enter} />
    </Door>
  );
}

export function SignIn() {
  const enter = async (name: string, password: string) => {
    me.value = await post<Me>("/api/login", { name, password });
  };
  const hasAccounts = me.value?.has_accounts !== false;
  return (
    <Door title={say("sign_in")} why={say(hasAccounts ? "sign_in_why" : "no_account")}>
      {hasAccounts && <Form action={say("sign_in")} enter={enter} />}
      {hasAccounts && <UsePasskey use={enterByPasskey} />}
    </Door>
  );
}

function Door(props: { title: string; why: string; children: ComponentChildren }) {
  return (
    <main class="door">
      <div class="card">
        <span class="brand">
          <Eye /> Vigie
        </span>
        <h1>{props.title}</h1>
        <p class="dim">{props.why}</p>
        {props.children}
        <Language />
      </div>
    </main>
  );
}

interface FormProps {
  action: string;
  rule?: string;
  enter: (name: string, password: string) => Promise<void>;
}

function Form({ action, rule, enter }: FormProps) {
  const [failure, setFailure] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.target as HTMLFormElement);
    setBusy(true);
    setFailure(null);
    try {
      await enter(String(fields.get("name")), String(fields.get("password")));
    } catch (error) {
      setFailure(reason(error));
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit}>
      <label>
        {say("name")}
        <input name="name" required autocomplete="username" autocapitalize="none" />
      </label>
      <label>
        {say("password")}
        <input
          name="password"
          type="password"
          required
          autocomplete={rule ? "new-password" : "current-password"}
          aria-describedby={rule ? "password-rule" : undefined}
        />
      </label>
      {rule && (
        <p class="dim" id="password-rule">
          {rule}
        </p>
      )}
      {failure && (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
      <button type="submit" class="main" disabled={isBusy}>
        {action}
      </button>
    </form>
  );
}
