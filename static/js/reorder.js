/* Rows of a form in an order: buttons to move a row up or down in place of a number to type.
   Without this script the numbers stay, and do the same. */

function rowsOf(group) {
  return [...group.querySelectorAll("tr.form-row:not(.empty-form)")];
}

function positionOf(row) {
  return row.querySelector("input[name$='-position']");
}

function nameOf(row) {
  const field = row.querySelector("input[type='text'], textarea");
  return field ? field.value : "";
}

function isFilledIn(row) {
  return (
    row.classList.contains("has_original") ||
    [...row.querySelectorAll("input[type='text'], textarea")].some((field) => field.value.trim())
  );
}

function number(group) {
  rowsOf(group)
    .filter(isFilledIn)
    .forEach((row, index) => {
      positionOf(row).value = index + 1;
    });
}

function refresh(group) {
  const rows = rowsOf(group);
  rows.forEach((row, index) => {
    row.querySelector(".move--up").disabled = index === 0;
    row.querySelector(".move--down").disabled = index === rows.length - 1;
  });
}

function move(group, row, step) {
  const rows = rowsOf(group);
  const other = rows[rows.indexOf(row) + step];
  if (!other) return;
  if (step < 0) other.before(row);
  else other.after(row);
  refresh(group);
  number(group);
  const place = rowsOf(group).indexOf(row) + 1;
  group.querySelector(".move-status").textContent = `${nameOf(row)}: plats ${place} av ${rows.length}`;
}

function addButtons(group, row) {
  if (row.querySelector(".move")) return;
  const input = positionOf(row);
  input.hidden = true;
  for (const [kind, step, sign, words] of [
    ["up", -1, "↑", "Flytta upp"],
    ["down", 1, "↓", "Flytta ner"],
  ]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = `move move--${kind}`;
    button.textContent = sign;
    button.setAttribute("aria-label", `${words}: ${nameOf(row)}`);
    button.addEventListener("focus", () => {
      button.setAttribute("aria-label", `${words}: ${nameOf(row)}`);
    });
    button.addEventListener("click", () => {
      move(group, row, step);
      // Where the row has come to the end of the way, the other button is the one to stay on.
      (button.disabled ? row.querySelector(".move:not(:disabled)") : button)?.focus();
    });
    input.before(button);
  }
}

function prepare(group) {
  const status = document.createElement("p");
  status.className = "move-status visually-hidden";
  status.setAttribute("role", "status");
  group.append(status);
  rowsOf(group).forEach((row) => addButtons(group, row));
  refresh(group);
  group.addEventListener("formset:added", (event) => {
    addButtons(group, event.target);
    refresh(group);
  });
  group.addEventListener("formset:removed", () => refresh(group));
  group.closest("form").addEventListener("submit", () => number(group));
}

document.addEventListener("DOMContentLoaded", () => {
  for (const group of document.querySelectorAll(".inline-group")) {
    if (group.querySelector("input[name$='-position']")) prepare(group);
  }
});
