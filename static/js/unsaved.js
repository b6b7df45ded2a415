/* Asks before changes that are not saved are left behind. */

function valuesOf(form) {
  return JSON.stringify(
    [...new FormData(form)].map(([name, value]) => [name, value instanceof File ? value.name : value]),
  );
}

document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("#content-main > form");
  if (!form || form.method !== "post") return;
  // What came back with errors is not saved. Else what is saved is what stands here when the text
  // editors and the rows' numbers have settled, at the latest when somebody goes to a field.
  let saved = form.querySelector(".errornote") ? "" : null;
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
