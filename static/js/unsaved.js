/* Warns before the user leaves a form with unsaved changes. drafts.js keeps those changes on the server. */

function valuesOf(form) {
  return JSON.stringify(
    [...new FormData(form)].map(([name, value]) => [name, value instanceof File ? value.name : value]),
  );
}

// `opened` has the values that the form was opened with, `saved` those that the site has.
const unsaved = { form: null, opened: null, saved: null, leaves: false };

function isUnsaved() {
  return unsaved.saved !== null && valuesOf(unsaved.form) !== unsaved.saved;
}

document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("#content-main > form");
  if (!form || form.method !== "post") return;
  unsaved.form = form;
  // The form is opened once the text editors and the row positions are initialized: after half a second, or when
  // the user focuses a field. Its values are saved, except those of a form with errors or with a draft.
  unsaved.saved = document.querySelector("#content .errornote, #content [data-unsaved]") ? "" : null;
  const settle = () => {
    unsaved.opened ??= valuesOf(form);
    unsaved.saved ??= unsaved.opened;
  };
  form.addEventListener("focusin", settle);
  window.addEventListener("load", () => setTimeout(settle, 500));
  form.addEventListener("submit", (event) => {
    unsaved.leaves = event.submitter?.formTarget !== "_blank";
  });
  // The button that discards a draft belongs to a form of its own.
  for (const other of document.querySelectorAll("form[data-unsaved]")) {
    other.addEventListener("submit", () => {
      unsaved.leaves = true;
    });
  }
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) unsaved.leaves = false; // Back to a form that was sent
  });
  window.addEventListener("beforeunload", (event) => {
    if (!unsaved.leaves && isUnsaved()) event.preventDefault();
  });
});
