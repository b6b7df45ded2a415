/* Warns before the user leaves a form with unsaved changes. drafts.js keeps those changes on the server. */

function valuesOf(form) {
  return JSON.stringify(
    [...new FormData(form)].map(([name, value]) => [name, value instanceof File ? value.name : value]),
  );
}

const unsaved = { form: null, saved: null, leaves: false };

function isUnsaved() {
  return unsaved.saved !== null && valuesOf(unsaved.form) !== unsaved.saved;
}

document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("#content-main > form");
  if (!form || form.method !== "post") return;
  unsaved.form = form;
  // A form with errors, or with a draft, is unsaved. Otherwise the saved values are those in the form once the
  // text editors and the row positions are initialized: after half a second, or when the user focuses a field.
  unsaved.saved = document.querySelector("#content .errornote, #content [data-unsaved]") ? "" : null;
  const settle = () => {
    unsaved.saved ??= valuesOf(form);
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
