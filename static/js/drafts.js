/* Keeps what is typed in a form on the server, as a personal draft, and says when the sign-in runs out.
   Without this script, the server keeps a form that is sent after the sign-in has run out. */

const CHECK_EVERY_MS = 3000;
const MAX_KEEPALIVE_BYTES = 60000; // browsers refuse larger bodies for requests that outlive the page

function clockTime(moment) {
  return moment.toLocaleTimeString("sv-SE", { hour: "2-digit", minute: "2-digit" }).replace(":", ".");
}

function keepDrafts(form, field) {
  const seconds = Number(field.dataset.seconds);
  const warnMs = Math.min(300, seconds / 3) * 1000;
  let lastActive = Date.now();
  let sent = null; // the values that the server has
  let request = null;
  let isSignedOut = false;
  let isKept = true;
  let shown = "";

  const box = document.createElement("div");
  box.className = "session-notice";
  const words = document.createElement("p");
  words.setAttribute("role", "status");
  const extend = document.createElement("button");
  extend.type = "button";
  extend.className = "button";
  extend.textContent = "Fortsätt vara inloggad";
  extend.hidden = true;
  const link = document.createElement("a");
  link.textContent = "Logga in igen";
  link.href = `${field.dataset.signIn}?next=${encodeURIComponent(location.pathname + location.search)}`;
  link.hidden = true;
  link.addEventListener("click", () => {
    unsaved.leaves = sent === valuesOf(form);
  });
  box.append(words, extend, link);
  form.prepend(box);

  function say(text, { mayExtend = false, maySignIn = false } = {}) {
    box.classList.toggle("notice", Boolean(text));
    extend.hidden = !mayExtend;
    link.hidden = !maySignIn;
    if (text !== shown) words.textContent = shown = text;
  }

  const SIGNED_OUT = "Din inloggning har gått ut.";

  // Other tabs with a form tell when they have extended the session.
  const tabs = new BroadcastChannel("session");
  tabs.onmessage = () => {
    if (isSignedOut) return;
    lastActive = Date.now();
    if (!extend.hidden) say("");
  };
  tabs.postMessage("active");

  const KEPT = "Det du har skrivit är kvar åt dig: logga in igen, så står det här.";
  const TOO_LARGE =
    "Formuläret är för stort för att bevaras. Kopiera det du har skrivit innan du loggar in igen.";

  function signedOut() {
    isSignedOut = true;
    say(`${SIGNED_OUT} ${isKept ? KEPT : TOO_LARGE}`, { maySignIn: true });
  }

  function tell(answer) {
    isKept = answer.kept;
    if (!answer.signed_in) {
      signedOut();
      return;
    }
    isSignedOut = false;
    lastActive = Date.now();
    tabs.postMessage("active");
    say(answer.kept ? "" : "Formuläret är för stort för att bevaras medan du skriver. Spara ofta.");
  }

  async function send(isLeaving = false) {
    if (request && !isLeaving) return;
    const values = valuesOf(form);
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      if (!(value instanceof File)) body.append(name, value);
      else if (value.name) body.append("_files", value.name);
    }
    if (!isUnsaved()) body.append("_unchanged", "1");
    const keepalive = isLeaving && body.toString().length < MAX_KEEPALIVE_BYTES;
    request = new AbortController();
    try {
      const response = await fetch(field.dataset.keep, {
        method: "POST", body, keepalive, redirect: "error", signal: request.signal,
      });
      if (response.ok) {
        const answer = await response.json();
        sent = values;
        tell(answer);
      } else {
        sent = values; // sending the same again would give the same answer
        say("Det du skriver kan inte bevaras just nu. Du kan ha loggat in i en annan flik. Kopiera det du har skrivit, och ladda om sidan.");
      }
    } catch (error) {
      if (error.name !== "AbortError") say("Ingen kontakt med servern. Det du skriver bevaras när den svarar igen.");
    }
    request = null;
  }

  function hasNews() {
    if (unsaved.leaves || unsaved.saved === null) return false;
    const values = valuesOf(form);
    return sent === null ? isUnsaved() : values !== sent;
  }

  function check() {
    if (hasNews()) {
      send();
      return;
    }
    const left = lastActive + seconds * 1000 - Date.now();
    if (isSignedOut || unsaved.leaves || left > warnMs) return;
    if (left > 0) {
      const end = clockTime(new Date(lastActive + seconds * 1000));
      say(`Din inloggning går ut klockan ${end} om du inte gör något.`, { mayExtend: true });
    } else {
      signedOut();
    }
  }

  extend.addEventListener("click", () => send());
  form.addEventListener("submit", () => {
    if (unsaved.leaves) request?.abort();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && hasNews()) send(true);
    else check();
  });
  window.addEventListener("pagehide", () => {
    if (hasNews()) send(true);
  });
  window.addEventListener("online", check);
  setInterval(check, CHECK_EVERY_MS);
}

document.addEventListener("DOMContentLoaded", () => {
  const field = unsaved.form?.querySelector("input[name='_draft'][data-keep]");
  if (field) keepDrafts(unsaved.form, field);
});
