/* Warns before the user leaves a form with unsaved changes. */

function valuesOf(form) {
  return JSON.stringify(
    [...new FormData(form)].map(([name, value]) => [name, value instanceof File ? value.name : value]),
  );
}

document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("#content-main > form");
  if (!form || form.method !== "post") return;
  // A form with errors is unsaved. Otherwise the saved values are those in the form once the text editors
  // and the row positions are initialized: after half a second, or when the user focuses a field.
  let saved = form.querySelector(".errornote, [data-unsaved]") ? "" : null;
  const settle = () => {
    saved ??= valuesOf(form);
  };
  form.addEventListener("focusin", settle);
  window.addEventListener("load", () => setTimeout(settle, 500));
  let leaves = false;
  form.addEventListener("submit", (event) => {
    leaves = event.submitter?.formTarget !== "_blank";
  });
  window.addEventListener("beforeunload", (event) => {
    if (!leaves && saved !== null && valuesOf(form) !== saved) event.preventDefault();
  });
});
