/* Ctrl-K: go to anything by its name or identifier, or do with the keyboard what the page offers as buttons. What was
   looked at before is known to this browser alone. Without this script `/search` finds the same. */

const PALETTE_PAUSE_MS = 120; // in typing, before the server is asked
const MOST_RECENT = 8;
const OBJECT_PAGE = /\/(flow-run|task-run|flow|deployment|work-pool|block|artifact|key|concurrency-limit)\/[^/]+$/;

let paletteTimer = 0;
let paletteAsked = 0;

function openPalette() {
  if (document.querySelector("dialog[open]")) return;
  const dialog = byId("palette") ?? makePalette();
  const box = dialog.querySelector("input");
  box.value = "";
  dialog.showModal();
  box.focus();
  showPalette("", []);
}

function makePalette() {
  const dialog = document.createElement("dialog");
  dialog.id = "palette";
  dialog.setAttribute("aria-label", "Search and commands");
  dialog.innerHTML =
    '<input type="search" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list" ' +
    'aria-label="Name, identifier, or command" placeholder="Name, identifier, or command" autocomplete="off" spellcheck="false">' +
    '<div id="palette-list" role="listbox" aria-label="Found"></div>';
  document.body.append(dialog);
  const box = dialog.querySelector("input");
  box.addEventListener("input", () => {
    const words = box.value.trim();
    showPalette(words); // at once: Enter must mean nothing that no longer fits
    clearTimeout(paletteTimer);
    paletteTimer = setTimeout(() => askForPalette(words), PALETTE_PAUSE_MS);
  });
  dialog.addEventListener("keydown", moveInPalette);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return dialog;
}

async function askForPalette(words) {
  const turn = ++paletteAsked;
  const body = words && (await bodyOf(`search?${new URLSearchParams({ q: words, fragment: "palette" })}`));
  if (turn === paletteAsked) showPalette(words, body ? [...body.querySelectorAll("a")] : []);
}

/** What the page itself offers comes first: its buttons, then places, then what the server `found`, once it answered. */
function showPalette(words, found) {
  const wanted = words.toLowerCase();
  const fits = (option) => option.textContent.toLowerCase().includes(wanted);
  const own = [...commandsOfPage(), ...(wanted ? [] : recentlySeen()), ...placesToGo(), ...commandsOfFrame()].filter(fits);
  const list = byId("palette-list");
  const at = found ? [...list.children].findIndex((one) => one.hasAttribute("aria-selected")) : 0;
  list.replaceChildren(...[...own, ...(found ?? [])].map(asOption));
  if (found && !list.children.length) {
    const empty = document.createElement("p");
    empty.className = "empty";
    empty.textContent = "Nothing has this name or identifier.";
    list.append(empty);
  }
  const options = list.querySelectorAll("[role=option]");
  select(options[at] ?? options[0]);
}

function asOption(element, index) {
  element.id = `palette-${index}`;
  element.tabIndex = -1;
  element.setAttribute("role", "option");
  element.addEventListener("click", () => byId("palette").close());
  return element;
}

function option(words, kind, does) {
  const element = document.createElement(typeof does === "string" ? "a" : "button");
  if (typeof does === "string") element.href = does;
  else element.addEventListener("click", does);
  element.append(words, Object.assign(document.createElement("span"), { textContent: kind }));
  return element;
}

const wordsOf = (element) => element.getAttribute("aria-label") ?? element.firstChild?.textContent?.trim() ?? "";
const HEADER = "main .bar:has(> h1)";
const COMMANDS = `${HEADER} .end :is(button, a.button, .menu a), main [data-command]`;
const placesToGo = () => [...document.querySelectorAll("#nav a")].map((link) => option(wordsOf(link), "go to", link.href));
const recentlySeen = () =>
  readRecent().filter(({ url }) => url !== location.pathname).map(({ title, url }) => option(title, "seen before", url));

/** What the page's header offers, also in its menu, what cannot be undone last; no forms in which one has to type. */
function commandsOfPage() {
  const asksMore = (one) => one.form?.querySelector("input:not([type=hidden]), select, textarea");
  return [...document.querySelectorAll(COMMANDS)]
    .filter((one) => !one.disabled && !asksMore(one) && wordsOf(one) && (one.checkVisibility() || one.closest(".menu")))
    .sort((one, other) => one.matches(".danger") - other.matches(".danger"))
    .map((one) => option(wordsOf(one), "on this page", () => setTimeout(() => one.click())));
}

function commandsOfFrame() {
  const themes = [...document.querySelectorAll(".themes button")].map((one) =>
    option(`Colours: ${one.textContent.toLowerCase()}`, "setting", () => one.click()),
  );
  return [
    ...themes,
    option("Times in UTC, or in my zone", "setting", () => switchZone()),
    option("Pause this page, or go on", "command", () => pauseOrGoOn()),
    option("Keyboard shortcuts", "help", () => setTimeout(openHelp)),
  ];
}

function select(chosen) {
  for (const one of byId("palette-list").querySelectorAll("[aria-selected]")) one.removeAttribute("aria-selected");
  const box = byId("palette").querySelector("input");
  if (!chosen) return box.removeAttribute("aria-activedescendant");
  chosen.setAttribute("aria-selected", "true");
  chosen.scrollIntoView({ block: "nearest" });
  box.setAttribute("aria-activedescendant", chosen.id);
}

function moveInPalette(event) {
  const options = [...byId("palette-list").querySelectorAll("[role=option]")];
  const at = options.findIndex((one) => one.hasAttribute("aria-selected"));
  if (event.key === "Enter") {
    event.preventDefault();
    options[at]?.click();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    select(options[(at + step + options.length) % options.length]);
  }
}

function readRecent() {
  try {
    return JSON.parse(localStorage.getItem("recent") ?? "[]");
  } catch {
    return [];
  }
}

function rememberPage() {
  if (!OBJECT_PAGE.test(location.pathname)) return;
  const title = document.title.replace(/ · Orchestrator$/, "");
  const others = readRecent().filter(({ url }) => url !== location.pathname);
  try {
    localStorage.setItem("recent", JSON.stringify([{ title, url: location.pathname }, ...others].slice(0, MOST_RECENT)));
  } catch {
    // A browser that keeps nothing remembers nothing.
  }
}

rememberPage();
byId("open-search")?.addEventListener("click", (event) => {
  event.preventDefault();
  openPalette();
});
