/* The form of a budget's table: pasting from Excel, moving between cells and rows, and checks of the sums.
   Without this script, staff type in the empty rows, give rows their places and paste into a text area. */

const section = document.querySelector("#lines-group[data-shown]");

function table() {
  return section.querySelector(".budget__table");
}

function lines() {
  return [...table().tBodies];
}

function cellsOf(line) {
  return [...line.querySelectorAll(".line__cells .cell")];
}

function field(line, name) {
  return line.querySelector(`.cell--${name}`);
}

function isFilledIn(line) {
  return Boolean(line.id) || cellsOf(line).some((cell) => cell.tagName !== "SELECT" && cell.value.trim());
}

function say(words, undo = null) {
  section.querySelector("[role='status']").textContent = words;
  const button = section.querySelector(".budget__undo");
  button.hidden = !undo;
  button.onclick = undo;
}

// --- Rows ---------------------------------------------------------------------------------------------

const totalForms = section?.querySelector("[name='lines-TOTAL_FORMS']");

function number() {
  let place = 0;
  lines().forEach((line, index) => {
    line.querySelector(".line__number").textContent = index + 1;
    for (const labelled of line.querySelectorAll("[data-label]")) {
      const label = labelled.dataset.label;
      const isSummary = labelled.tagName === "SUMMARY";
      labelled.ariaLabel = isSummary ? `Rad ${index + 1}: ${label}` : `${label}, rad ${index + 1}`;
    }
    if (isFilledIn(line)) field(line, "position").value = ++place;
  });
}

function prepare(line) {
  line.querySelector(".line__move").hidden = false;
  line.querySelector(".line__position").hidden = true;
  for (const button of line.querySelectorAll(".move")) {
    button.addEventListener("click", () => move(line, Number(button.dataset.step), button));
  }
}

function addLine() {
  const template = section.querySelector("#lines-empty");
  const index = totalForms.value;
  const holder = document.createElement("table");
  holder.innerHTML = template.innerHTML.replaceAll("__prefix__", index);
  const line = holder.tBodies[0];
  table().append(line);
  totalForms.value = Number(index) + 1;
  prepare(line);
  number();
  return line;
}

// Only the rows that were added last can be removed, since the fields of a form are numbered.
function removeLines(added) {
  added.forEach((line) => line.remove());
  totalForms.value -= added.length;
  number();
}

function move(line, step, focused) {
  const rows = lines();
  const other = rows[rows.indexOf(line) + step];
  if (!other) return;
  if (step < 0) other.before(line);
  else other.after(line);
  number();
  focused.focus();
  const name = field(line, "name_sv").value || "Raden";
  say(`${name}: plats ${lines().indexOf(line) + 1} av ${rows.length}`);
  check();
}

function goTo(line, step, cell) {
  const column = cellsOf(line).indexOf(cell);
  let target = lines()[lines().indexOf(line) + step];
  if (!target && step > 0) {
    say("");
    target = addLine();
  }
  const next = target && cellsOf(target)[column];
  next?.focus();
  next?.select?.();
}

// --- Pasting ------------------------------------------------------------------------------------------

// Returns rows of texts. Excel separates cells with tabs and quotes a cell with a line break.
function rowsOf(text) {
  const rows = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"(?=[\t\r\n]|$)|([^\t\r\n]*))(\t|\r?\n|$)/g)) {
    rows.at(-1).push((quoted?.replaceAll('""', '"') ?? plain).replace(/\s+/g, " ").trim());
    if (end && end !== "\t") rows.push([]);
    if (!end) break;
  }
  while (rows.length > 1 && rows.at(-1).every((cell) => !cell)) rows.pop();
  return rows;
}

function put(cell, text) {
  if (cell.tagName !== "SELECT") {
    cell.value = text;
    return true;
  }
  const option = [...cell.options].find((each) => each.text.toLowerCase() === text.toLowerCase());
  if (option) cell.value = option.value;
  return Boolean(option);
}

function paste(event, line, cell) {
  const rows = rowsOf(event.clipboardData.getData("text/plain"));
  if (rows.length === 1 && rows[0].length === 1) return;
  event.preventDefault();
  const before = lines().map((each) => [each, cellsOf(each).map((input) => input.value)]);
  const first = lines().indexOf(line);
  const column = cellsOf(line).indexOf(cell);
  const added = [];
  let filled = 0;
  let refused = 0;
  rows.forEach((row, down) => {
    const target = lines()[first + down] ?? addLine();
    if (!before.some(([each]) => each === target)) added.push(target);
    const cells = cellsOf(target).slice(column);
    row.forEach((text, right) => {
      if (cells[right] && put(cells[right], text)) filled += 1;
      else if (text) refused += 1;
    });
  });
  number();
  check();
  const lost = refused ? ` ${refused} fick inte plats eller är inget av slagen.` : "";
  const grown = added.length ? ` och ${added.length} ${added.length === 1 ? "rad" : "rader"} lades till` : "";
  say(`Inte sparat: ${filled} celler klistrades in${grown}.${lost}`, () => {
    removeLines(added);
    for (const [each, values] of before) {
      cellsOf(each).forEach((input, index) => {
        input.value = values[index];
      });
    }
    number();
    check();
    cell.focus();
    say("Det som klistrades in är borttaget.");
  });
}

// --- Checks -------------------------------------------------------------------------------------------

let timer = null; // of the next check
let pending = null; // the request that is on its way, as an AbortController

function clear() {
  for (const part of section.querySelectorAll("[data-part='check'], [data-part='bar']")) {
    part.replaceChildren();
  }
}

// The server checks the sums, of what is typed, and draws the bars: the same words as on the page.
async function recheck() {
  clearTimeout(timer);
  timer = null;
  section.ariaBusy = "true";
  if (pending) {
    check(); // one at a time
    return;
  }
  pending = new AbortController();
  const { signal } = pending;
  number();
  const data = new FormData(section.closest("form"));
  data.delete("pasted");
  data.set("_show", section.dataset.shown);
  let page;
  try {
    const response = await fetch(location.pathname, { method: "POST", body: data, signal });
    page = new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    page = document.implementation.createHTMLDocument();
  }
  pending = null;
  if (signal.aborted) return; // the form is being saved
  clear();
  for (const line of lines()) {
    const fresh = page.querySelector(`.line[data-prefix="${line.dataset.prefix}"]`);
    if (!fresh) continue;
    line.className = fresh.className;
    for (const part of ["check", "bar"]) {
      const content = fresh.querySelector(`[data-part="${part}"]`).childNodes;
      line.querySelector(`[data-part="${part}"]`).replaceChildren(...content);
    }
    [...line.rows[0].cells].forEach((cell, index) => {
      cell.className = fresh.rows[0].cells[index].className;
    });
    const errors = fresh.querySelector(".line__errors ul").childNodes;
    line.querySelector(".line__errors ul").replaceChildren(...errors);
    cellsOf(line).forEach((cell, index) => {
      cell.ariaInvalid = cellsOf(fresh)[index].ariaInvalid;
    });
  }
  for (const part of ["sums", "misfits"]) {
    const content = page.querySelector(`#lines-group [data-part="${part}"]`)?.childNodes ?? [];
    section.querySelector(`[data-part="${part}"]`).replaceChildren(...content);
  }
  const headings = page.querySelector(".budget__table thead")?.rows[0].cells ?? [];
  [...headings].forEach((heading, index) => {
    table().tHead.rows[0].cells[index].className = heading.className;
  });
  for (const button of page.querySelectorAll(".budget__columns button")) {
    const own = section.querySelector(`.budget__columns button[value="${button.value}"]`);
    if (!own) continue; // a colleague has added a column
    own.ariaPressed = button.ariaPressed;
    own.replaceChildren(...button.childNodes);
  }
  if (timer === null) section.ariaBusy = "false";
}

function check() {
  section.ariaBusy = "true";
  clearTimeout(timer);
  timer = setTimeout(recheck, 400);
}

// --- Start --------------------------------------------------------------------------------------------

if (section) {
  for (const element of section.querySelectorAll(".budget__add, .budget__keys")) element.hidden = false;
  lines().forEach(prepare);
  // Empty rows are for those who cannot add any; they are last in the form, so they can be removed.
  const empty = lines().filter((line) => !isFilledIn(line));
  if (empty.length < lines().length && !section.querySelector(".line--error")) removeLines(empty);
  number();

  section.querySelector(".budget__add").addEventListener("click", () => {
    say("");
    field(addLine(), "name_sv").focus();
  });
  for (const button of section.querySelectorAll("[name='_show']")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      section.dataset.shown = button.value;
      recheck();
    });
  }
  section.addEventListener("paste", (event) => {
    const cell = event.target.closest(".line__cells .cell");
    if (cell) paste(event, cell.closest(".line"), cell);
  });
  section.addEventListener("input", () => {
    // Taking back what was pasted would now take back what is typed too.
    if (!section.querySelector(".budget__undo").hidden) say("");
  });
  section.addEventListener("change", (event) => {
    if (event.target.closest(".line")) check();
  });
  section.addEventListener("keydown", (event) => {
    const line = event.target.closest(".line");
    if (!line || event.isComposing) return;
    const cell = event.target.closest(".line__cells .cell");
    if (event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key)) {
      event.preventDefault();
      move(line, event.key === "ArrowUp" ? -1 : 1, event.target);
    } else if (event.key === "Enter" && cell) {
      event.preventDefault();
      goTo(line, event.shiftKey ? -1 : 1, cell);
    }
  });
  section.closest("form").addEventListener("submit", (event) => {
    number();
    if (event.submitter?.formTarget === "_blank") return;
    clearTimeout(timer);
    pending?.abort();
  });
}
