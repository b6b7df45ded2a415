/* Keeps what is typed in a form on the server, as a personal draft, and says when the sign-in runs out.
   Without this script, the server keeps a form that is sent after the sign-in has run out. */

const CHECK_EVERY_MS = 3000;
const MAX_KEEPALIVE_BYTES = 60000; // browsers refuse larger bodies for requests that outlive the page

const WORDS = {
  signedOut: "Din inloggning har gått ut. Det du har skrivit är kvar åt dig: logga in igen, så står det här.",
  signedOutTooLarge:
    "Din inloggning har gått ut, och formuläret är för stort för att bevaras. Kopiera det du har skrivit innan du loggar in igen.",
  tooLarge: "Formuläret är för stort för att bevaras medan du skriver. Spara ofta.",
  refused:
    "Det du skriver bevaras inte, eftersom någon annan har loggat in i den här webbläsaren. Kopiera det du har skrivit, och ladda om sidan.",
  failed: "Det du skriver kan inte bevaras just nu. Spara, eller kopiera det du har skrivit.",
  noContact: "Ingen kontakt med servern. Det du skriver bevaras när den svarar igen.",
};

function clockTime(moment) {
  return moment.toLocaleTimeString("sv-SE", { hour: "2-digit", minute: "2-digit" }).replace(":", ".");
}

/* Add the notice above the fields of `form`. Return a function that shows a text in it, or hides it. */
function addNotice(form, signIn, extendSession) {
  const box = document.createElement("div");
  box.className = "session-notice";
  const words = document.createElement("p");
  words.setAttribute("role", "status");
  const extend = document.createElement("button");
  extend.type = "button";
  extend.className = "button";
  extend.textContent = "Fortsätt vara inloggad";
  extend.addEventListener("click", extendSession);
  const link = document.createElement("a");
  link.className = "button";
  link.textContent = "Logga in igen";
  link.href = `${signIn}?next=${encodeURIComponent(location.pathname + location.search)}`;
  box.append(words, extend, link);
  form.prepend(box);

  return (text = "", { mayExtend = false, maySignIn = false } = {}) => {
    box.classList.toggle("session-notice--shown", Boolean(text));
    extend.hidden = !mayExtend;
    link.hidden = !maySignIn;
    if (words.textContent !== text) words.textContent = text;
    return link;
  };
}

function keepDrafts(form, field) {
  const seconds = Number(field.dataset.seconds);
  const warnMs = Math.min(300, seconds / 3) * 1000;
  let lastActive = Date.now();
  let sent = null; // the values that the server has been sent; at first, it has those of the opened form
  let request = null;
  let isSignedOut = false;
  let isWarning = false;

  const show = addNotice(form, field.dataset.signIn, () => send());
  show().addEventListener("click", () => {
    unsaved.leaves = !hasNews();
  });

  // Tabs with a form tell each other when they have extended the session.
  const tabs = new BroadcastChannel("session");
  tabs.onmessage = () => {
    if (isSignedOut) return;
    lastActive = Date.now();
    if (isWarning) show();
    isWarning = false;
  };
  tabs.postMessage("active");

  function tell(answer) {
    isWarning = false;
    isSignedOut = !answer.signed_in;
    if (isSignedOut) {
      show(answer.kept ? WORDS.signedOut : WORDS.signedOutTooLarge, { maySignIn: true });
    } else {
      lastActive = Date.now();
      tabs.postMessage("active");
      show(answer.kept ? "" : WORDS.tooLarge);
    }
  }

  async function send(isLeaving = false) {
    if (request && !isLeaving) return;
    const values = valuesOf(form);
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      if (!(value instanceof File)) body.append(name, value);
      else if (value.name) body.append("_files", value.name);
    }
    if (!hasNews()) body.append("_extend", "1");
    else if (!isUnsaved()) body.append("_unchanged", "1");
    const keepalive = isLeaving && body.toString().length < MAX_KEEPALIVE_BYTES;
    const own = (request = new AbortController());
    try {
      const response = await fetch(field.dataset.keep, {
        method: "POST", body, keepalive, redirect: "error", signal: own.signal,
      });
      if (response.status < 500) sent = values; // sending the same again would give the same answer
      if (response.ok) tell(await response.json());
      else show(response.status === 403 ? WORDS.refused : WORDS.failed);
    } catch (error) {
      if (error.name !== "AbortError") show(WORDS.noContact);
    }
    if (request === own) request = null;
  }

  function hasNews() {
    if (unsaved.leaves || unsaved.opened === null) return false;
    return valuesOf(form) !== (sent ?? unsaved.opened);
  }

  function check() {
    if (unsaved.leaves) return;
    const left = lastActive + seconds * 1000 - Date.now();
    // When the time is out, the server says whether another page has extended the session.
    if (hasNews() || (left <= 0 && !isSignedOut)) {
      send();
    } else if (left <= warnMs && !isSignedOut) {
      const end = clockTime(new Date(lastActive + seconds * 1000));
      isWarning = true;
      show(`Din inloggning går ut klockan ${end} om du inte gör något.`, { mayExtend: true });
    }
  }

  form.addEventListener("submit", () => {
    if (unsaved.leaves) request?.abort();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") {
      if (hasNews()) send(true);
    } else if (isSignedOut) {
      send(); // the user may have signed in again in another tab
    } else {
      check();
    }
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
