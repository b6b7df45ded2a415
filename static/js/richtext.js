/* The text editor on the staff's pages: the name of each text, and the words that the editor has in
   English without asking the catalogue, locale/sv/LC_MESSAGES/djangojs.po. */

function translate(box) {
  for (const button of box.querySelectorAll(".prose-menubar [title]")) {
    button.title = gettext(button.title);
    button.setAttribute("aria-label", button.title);
  }
  for (const option of box.querySelectorAll(".prose-menubar__option > *")) {
    option.textContent = gettext(option.textContent);
  }
}

document.addEventListener("prose-editor:ready", (event) => {
  const { editor, textarea } = event.detail;
  const box = textarea.closest(".prose-editor");
  translate(box);
  editor.on("transaction", () => translate(box)); // the menu of headings is redrawn each time
  const [label] = textarea.labels;
  editor.view.dom.setAttribute("aria-label", label.textContent.trim().replace(/:$/, ""));
  label.addEventListener("click", () => editor.commands.focus());
});
