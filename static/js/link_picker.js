/* Suggests places on the site while staff write the address of a link in the text editor.
   The field is a combobox with a list: https://www.w3.org/WAI/ARIA/apg/patterns/combobox/ */

const WAIT_MS = 200; // after the last key, before suggestions are fetched

function addPicker(input, source) {
  const list = document.createElement("ul");
  const status = document.createElement("p");
  list.id = `${input.id}-suggestions`;
  list.className = "link-picker__list";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Förslag");
  list.hidden = true;
  status.className = "link-picker__status";
  status.setAttribute("role", "status");
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
  input.autocomplete = "off";
  input.after(list, status);
  status.textContent = "Skriv ett ord ur sidans namn, eller en adress.";

  let active = -1;
  let timer = null;
  let asked = null; // the request under way

  function close() {
    clearTimeout(timer);
    asked?.abort();
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function activate(index) {
    const options = [...list.children];
    options[active]?.setAttribute("aria-selected", "false");
    active = (index + options.length) % options.length;
    options[active].setAttribute("aria-selected", "true");
    options[active].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[active].id);
  }

  function choose(option) {
    input.value = option.dataset.address;
    status.textContent = `Länken leder till ${option.dataset.name}.`;
    close();
    input.focus();
  }

  function show({ places, count }) {
    list.replaceChildren(
      ...places.map((place, index) => {
        const option = document.createElement("li");
        const name = document.createElement("b");
        const about = document.createElement("span");
        option.id = `${list.id}-${index}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.dataset.address = place.address;
        option.dataset.name = place.name;
        name.textContent = place.name;
        about.textContent = [place.kind, place.context].filter(Boolean).join(", ");
        option.append(name, " ", about);
        return option;
      }),
    );
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.hidden = !places.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    const rest = count > places.length ? ` av ${count}. Skriv mer för att se andra` : "";
    status.textContent = places.length
      ? `${places.length} förslag${rest}.`
      : "Inget på webbplatsen heter så.";
  }

  async function suggest() {
    asked?.abort();
    asked = new AbortController();
    const address = new URL(source, location.href);
    address.searchParams.set("format", "json");
    address.searchParams.set("q", input.value);
    try {
      const response = await fetch(address, { signal: asked.signal });
      if (!response.ok || response.redirected) throw new Error(response.statusText);
      show(await response.json());
    } catch (error) {
      if (error.name === "AbortError") return;
      close();
      status.textContent = "Förslagen kunde inte hämtas. Skriv adressen själv.";
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    if (input.value.trim().length < 2) {
      close();
      status.textContent = "";
    } else timer = setTimeout(suggest, WAIT_MS);
  });

  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") activate(active + 1);
    else if (event.key === "ArrowUp") activate(active < 0 ? -1 : active - 1);
    else if (event.key === "Enter" && active >= 0) choose(list.children[active]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  input.addEventListener("blur", close);
  list.addEventListener("mousedown", (event) => {
    event.preventDefault(); // the field keeps the focus
    const option = event.target.closest("[role='option']");
    if (option) choose(option);
  });
}

document.addEventListener("prose-editor:ready", (event) => {
  const { textarea } = event.detail;
  const box = textarea.closest(".prose-editor");
  new MutationObserver(() => {
    const input = box.querySelector("dialog input[name='href']:not([role])");
    if (input && textarea.dataset.links) addPicker(input, textarea.dataset.links);
  }).observe(box, { childList: true });
});
