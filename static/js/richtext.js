/* The text editor in the admin: labels it, translates the words that it doesn't look up in the catalogue
   (locale/sv/LC_MESSAGES/djangojs.po), and cleans pasted text. */

function translate(box) {
  for (const button of box.querySelectorAll(".prose-menubar [title]")) {
    button.title = gettext(button.title);
    button.setAttribute("aria-label", button.title);
  }
  for (const option of box.querySelectorAll(".prose-menubar__option > *")) {
    option.textContent = gettext(option.textContent);
  }
  for (const option of box.querySelectorAll("dialog option")) {
    option.value = option.value; // keeps the English value, which the editor reads
    option.textContent = gettext(option.textContent);
  }
}

/* Selects a header row for new tables, as screen readers need it. */
function offerHeaderRow(box) {
  const yes = box.querySelector("dialog option[value='Yes']");
  if (yes) yes.selected = true;
}

// --- Pasted text -------------------------------------------------------------------------------------

const HEADING_REPLACEMENTS = { H1: "h3", H2: "h3", H5: "h4", H6: "h4" };
const NUMBER = /^\(?(\d+|[a-zA-Z]|[ivxIVX]+)[.)]/;

function rename(element, name) {
  const renamed = document.createElement(name);
  renamed.append(...element.childNodes);
  element.replaceWith(renamed);
}

/* Word writes list items as paragraphs, with the level in the style attribute and the bullet as text. */
function makeLists(body) {
  let open = []; // the lists that the next item may belong to, outermost first
  let last = null; // the outermost list of the previous item
  for (const line of body.querySelectorAll("p[style*='mso-list']")) {
    if (last === null || line.previousElementSibling !== last) open = [];
    const level = Number(/level(\d)/.exec(line.getAttribute("style"))?.[1] ?? 1);
    const bullet = line.querySelector("[style*='mso-list:Ignore'], [style*='mso-list: Ignore']");
    const kind = NUMBER.test(bullet?.textContent.trim() ?? "") ? "ol" : "ul";
    bullet?.remove();
    open = open.filter((entry) => entry.level < level || (entry.level === level && entry.kind === kind));
    if (open.at(-1)?.level !== level) {
      const list = document.createElement(kind);
      if (open.length) open.at(-1).list.lastElementChild.append(list);
      else line.before(list);
      open.push({ list, level, kind });
    }
    const item = document.createElement("li");
    open.at(-1).list.append(item);
    item.append(line);
    last = open[0].list;
  }
}

/* Returns pasted HTML with the elements that the editor uses; the editor removes all others. */
function tidied(html) {
  // Word includes a style sheet, which the content security policy would block.
  const unstyled = html.replace(/<style\b.*?<\/style>/gis, "");
  const { body } = new DOMParser().parseFromString(unstyled, "text/html");
  makeLists(body);
  for (const heading of body.querySelectorAll("h1, h2, h5, h6")) {
    rename(heading, HEADING_REPLACEMENTS[heading.tagName]);
  }
  for (const cell of body.querySelectorAll("thead td")) rename(cell, "th");
  for (const paragraph of body.querySelectorAll("p")) {
    if (!paragraph.textContent.trim()) paragraph.remove();
  }
  const texts = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    texts.currentNode.data = texts.currentNode.data.replace(/\s{2,}/g, " ");
  }
  return body.innerHTML;
}

// --- The keyboard -----------------------------------------------------------------------------------

/* In a table, Tab goes to the next cell, and adds rows at the end. Escape lets the next Tab leave the editor. */
let mayLeave = false;
document.addEventListener(
  "keydown",
  (event) => {
    if (!event.target.closest(".ProseMirror")) return;
    if (event.key === "Tab" && mayLeave) event.stopImmediatePropagation();
    if (event.key !== "Shift") mayLeave = event.key === "Escape";
  },
  { capture: true },
);

// --- Each editor ------------------------------------------------------------------------------------

document.addEventListener("prose-editor:ready", (event) => {
  const { editor, textarea } = event.detail;
  const box = textarea.closest(".prose-editor");
  translate(box);
  editor.on("transaction", () => translate(box)); // each transaction redraws the heading menu
  new MutationObserver(() => {
    translate(box); // a dialog
    offerHeaderRow(box);
  }).observe(box, { childList: true });
  editor.setOptions({ editorProps: { transformPastedHTML: tidied } });
  const [label] = textarea.labels;
  if (textarea.lang) editor.view.dom.lang = textarea.lang;
  editor.view.dom.setAttribute("aria-label", label.textContent.trim().replace(/:$/, ""));
  label.addEventListener("click", () => editor.commands.focus());
  // A link to the field focuses the editor, as the field itself is hidden.
  if (location.hash === `#${textarea.id}`) {
    // The browser moves the focus to the place of the address once the page has loaded.
    if (document.readyState === "complete") editor.commands.focus();
    else window.addEventListener("load", () => setTimeout(() => editor.commands.focus()));
  }
});
