/* Rows of a form: a name for every field, and where the rows have an order, buttons to move one up or
   down in place of a number to type. Without this script the numbers stay, and do the same. */

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

// What a field is stands in the heading of its column only: whoever doesn't see the table hears it here.
function nameFields(group) {
  const headings = group.querySelector("thead tr").cells;
  rowsOf(group).forEach((row, index) => {
    [...row.cells].forEach((cell, column) => {
      const name = headings[column].textContent.trim().replace("?", "");
      for (const field of cell.querySelectorAll("input:not([type='hidden']), select, textarea")) {
        field.setAttribute("aria-label", `${name}, rad ${index + 1}`);
      }
    });
  });
}

function isFilledIn(row) {
  return (
    row.classList.contains("has_original") ||
    [...row.querySelectorAll("input[type='text'], textarea")].some((field) => field.value.trim())
  );
}

function number(group) {
  rowsOf(group)
    .filter((row) => positionOf(row) && isFilledIn(row))
    .forEach((row, index) => {
      positionOf(row).value = index + 1;
    });
}

function refresh(group) {
  nameFields(group);
  const rows = rowsOf(group);
  rows.filter(positionOf).forEach((row, index) => {
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
  const input = positionOf(row);
  if (!input || row.querySelector(".move")) return;
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
  // A heading that heads nothing is an empty cell.
  for (const heading of group.querySelectorAll("thead th:empty")) {
    const cell = document.createElement("td");
    cell.className = heading.className;
    heading.replaceWith(cell);
  }
  const status = document.createElement("p");
  status.className = "move-status visually-hidden";
  status.setAttribute("role", "status");
  group.append(status);
  rowsOf(group).forEach((row) => addButtons(group, row));
  refresh(group);
  group.addEventListener("formset:added", (event) => {
    addButtons(group, event.target);
    refresh(group);
    event.target.querySelector("input:not([type='hidden']), select, textarea").focus();
  });
  // Django tells this to the document: the row itself is gone.
  document.addEventListener("formset:removed", () => refresh(group));
  group.closest("form").addEventListener("submit", () => number(group));
}

document.addEventListener("DOMContentLoaded", () => {
  for (const group of document.querySelectorAll(".inline-group")) {
    prepare(group);
  }
});
