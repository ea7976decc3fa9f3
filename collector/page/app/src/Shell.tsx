/** The page around the views: who is signed in, is the feed alive, which view is shown. */

import { effect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Accounts } from "./Accounts";
import { AskClip } from "./AskClip";
import { Audit } from "./Audit";
import { can, get, type Me, me, post, proofWanted, signOff } from "./api";
import { Calibration } from "./Calibration";
import { Clips } from "./Clips";
import { askedFor } from "./clips";
import { Devices } from "./Devices";
import { SignIn, Welcome } from "./Entry";
import { heardMs, isStale, listen } from "./feed";
import { Help } from "./Help";
import { Eye } from "./icons";
import { isHelpOpen, press } from "./keys";
import { Later } from "./Later";
import { Mandates } from "./Mandates";
import { clockTime, span, zoneName } from "./moments";
import { now } from "./now";
import { OwnAccount } from "./OwnAccount";
import { Precision } from "./Precision";
import { ProofDialog } from "./Proof";
import { ACCOUNT, go, path, TABS, type View, viewOf } from "./place";
import { Register } from "./Register";
import { Signals } from "./Signals";
import { announcement } from "./signals";
import { choose, LANGS, lang, say } from "./words";

document.documentElement.lang = lang.value;
effect(() => {
  document.title = `${say(viewOf(path.value) === "welcome" ? "make_account" : viewOf(path.value))} · Vigie`;
});

export function Shell() {
  useEffect(() => {
    get<Me>("/api/me")
      .then((answer) => {
        me.value = answer;
      })
      .catch(signOff);
  }, []);
  if (me.value === undefined) return <main class="blank" aria-busy="true" />;
  if (viewOf(path.value) === "welcome") return <Welcome />;
  if (!me.value.account) return <SignIn />;
  return <SignedIn account={me.value.account} />;
}

function SignedIn({ account }: { account: string }) {
  const wanted = viewOf(path.value);
  const open = TABS.filter(([, , right]) => can(right)).map(([name]) => name);
  const view = wanted === "account" ? wanted : (open.find((name) => name === wanted) ?? open[0]);
  useEffect(listen, [account]);
  useEffect(() => {
    const obey = (event: KeyboardEvent) => {
      if (viewOf(path.value) === "signals" && can("see_signals")) press(event);
    };
    addEventListener("keydown", obey);
    return () => removeEventListener("keydown", obey);
  }, []);
  return (
    <div class={isStale.value ? "shell stale" : "shell"}>
      <Bar account={account} view={view} />
      {isStale.value && <StaleBanner />}
      {view && <Shown view={view} />}
      <p class="unseen" aria-live="polite">
        {announcement.value}
      </p>
      {isHelpOpen.value && <Help />}
      {askedFor.value && <AskClip event={askedFor.value === "camera" ? null : askedFor.value} />}
      {proofWanted.value && <ProofDialog />}
    </div>
  );
}

function Shown({ view }: { view: View }) {
  if (view === "clips") return <Clips />;
  if (view === "devices") return <Devices />;
  if (view === "updates") return <Later fetch={() => import("./Updates")} />;
  if (view === "precision") return <Precision />;
  if (view === "mandates") return <Mandates />;
  if (view === "calibration") return <Calibration />;
  if (view === "register") return <Register />;
  if (view === "audit") return <Audit />;
  if (view === "accounts") return <Accounts />;
  if (view === "account") return <OwnAccount />;
  return <Signals />;
}

function Bar({ account, view }: { account: string; view: View | undefined }) {
  return (
    <header class="bar">
      <span class="brand">
        <Eye /> Vigie
      </span>
      <nav>
        {TABS.filter(([, , right]) => can(right)).map(([name, to]) => (
          <a
            key={name}
            href={to}
            aria-current={view === name ? "page" : undefined}
            onClick={(event) => {
              event.preventDefault();
              go(to);
            }}
          >
            {say(name)}
          </a>
        ))}
      </nav>
      <span class="grow" />
      <FeedState />
      <Language />
      <a
        class="account"
        href={ACCOUNT}
        title={say(`role.${me.value?.role}`)}
        aria-current={view === "account" ? "page" : undefined}
        onClick={(event) => {
          event.preventDefault();
          go(ACCOUNT);
        }}
      >
        {account}
      </a>
      <button type="button" class="quiet" onClick={() => void signOut()}>
        {say("sign_out")}
      </button>
    </header>
  );
}

function FeedState() {
  return (
    <span class={isStale.value ? "feed late" : "feed"}>
      <span class="lamp" aria-hidden="true" />
      <b>{say(isStale.value ? "stale" : "live")}</b>
      <time>{clockTime(now.value)}</time>
      <span class="dim">{zoneName()}</span>
    </span>
  );
}

function StaleBanner() {
  return (
    <p class="banner" role="alert">
      {say("stale_banner", span(now.value - heardMs.value))}
    </p>
  );
}

export function Language() {
  return (
    <fieldset class="langs">
      <legend class="unseen">{say("language")}</legend>
      {LANGS.map((each) => (
        <button
          type="button"
          key={each}
          lang={each}
          class="quiet"
          aria-pressed={lang.value === each}
          onClick={() => choose(each)}
        >
          {each.toUpperCase()}
        </button>
      ))}
    </fieldset>
  );
}

async function signOut(): Promise<void> {
  await post("/api/logout", {});
  signOff();
}
