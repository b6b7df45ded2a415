/* The outline of a publishable: keys that do what visible controls do, and focus at the row in the address. */

function rowAt(element) {
  return element.closest(".row, .row-menu")?.closest("li");
}

// A button of the row's own menu, not of a row within it.
function menuButton(item, value) {
  const menu = [...item.querySelectorAll(".row-menu")].find((menu) => menu.closest("li") === item);
  return menu?.querySelector(`button[value="${value}"]`);
}

document.addEventListener("keydown", (event) => {
  const form = event.target.closest("#content-main form");
  const menu = event.target.closest(".row-menu[open]");
  if (event.key === "Escape" && menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (event.key === "Escape" && form && !event.target.closest(".ProseMirror, dialog")) {
    document.querySelector(".submit-row [data-close]")?.click();
  } else if (event.key === "Enter" && event.ctrlKey && form) {
    event.preventDefault();
    form.querySelector("[name='_save']")?.click();
  } else if (event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key)) {
    const item = rowAt(event.target);
    const button = item && menuButton(item, event.key === "ArrowUp" ? "upp" : "ner");
    if (button) {
      event.preventDefault();
      button.click();
    }
  }
});

// An open menu closes when another opens, or when the focus leaves it.
document.addEventListener("focusin", (event) => {
  for (const menu of document.querySelectorAll(".row-menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

const row = location.hash && document.getElementById(location.hash.slice(1));
if (row && row.matches(".row") && !document.querySelector(".errornote")) row.focus();
