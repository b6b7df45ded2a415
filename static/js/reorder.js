/* Inline rows: labels every field, and replaces the position field of ordered rows with buttons that move
   a row up or down. Without this script, staff type the positions. */

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

// Only the column headings label the fields, so screen readers need these labels.
function nameFields(group) {
  const headings = group.querySelector("thead tr").cells;
  // The rows of a table's form are its lines, so its columns have another name.
  const kind = group.id === "columns-group" ? "kolumn" : "rad";
  rowsOf(group).forEach((row, index) => {
    [...row.cells].forEach((cell, column) => {
      const name = headings[column].textContent.trim().replace("?", "");
      for (const field of cell.querySelectorAll("input:not([type='hidden']), select, textarea")) {
        field.setAttribute("aria-label", `${name}, ${kind} ${index + 1}`);
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
      // The button is disabled if the row is now first or last; focus the other button then.
      (button.disabled ? row.querySelector(".move:not(:disabled)") : button)?.focus();
    });
    input.before(button);
  }
}

function prepare(group) {
  // An empty heading is replaced with an ordinary cell.
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
  // Django dispatches this event on the document, as the row no longer exists.
  document.addEventListener("formset:removed", () => refresh(group));
  group.closest("form").addEventListener("submit", () => number(group));
}

document.addEventListener("DOMContentLoaded", () => {
  for (const group of document.querySelectorAll(".inline-group")) {
    prepare(group);
  }
});
