/* Keys for every page; `g` and a letter goes to where the navigation's `data-go` says. Single keys are off while somebody
   types, and altogether where the reader switched them off. Lists and the run's page add keys of their own. */

const areSingleKeysOn = () => root.dataset.keys !== "off";
const isTyping = (element) => element.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
const GO_MS = 1_500; // between `g` and its letter

let goesUntil = 0;

/** Whether this press is a single key that means something to the page. */
function isSingleKey(event) {
  const withOthers = event.ctrlKey || event.metaKey || event.altKey;
  return areSingleKeysOn() && !withOthers && !event.defaultPrevented && !isTyping(event.target) && !document.querySelector("dialog[open]");
}

const globalKeys = {
  "?": () => openHelp(),
  "/": () => document.querySelector("main input[type=search], main [role=search] input:not([type=hidden]), main input[name=q]"),
  "[": () => document.querySelector("[data-window=earlier]"),
  "]": () => document.querySelector("[data-window=later]"),
  p: () => pauseOrGoOn(),
  t: () => switchZone(),
};

// Before all others, so that the letter after `g` means nothing else.
document.addEventListener(
  "keydown",
  (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return openPalette();
    }
    if (!isSingleKey(event)) return;
    if (Date.now() < goesUntil) {
      goesUntil = 0;
      const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (!link) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      return link.click();
    }
    if (event.key === "g") goesUntil = Date.now() + GO_MS;
    const found = Object.hasOwn(globalKeys, event.key) && globalKeys[event.key]();
    if (!found) return;
    event.preventDefault();
    if (found.matches?.("input")) found.focus();
    else found.click?.();
  },
  true,
);

// --- What the keys do, from the settings page, where it can be read without this script ----------------------------

async function openHelp() {
  const dialog = byId("help") ?? makeDialog("help", "Keyboard shortcuts");
  dialog.showModal();
  if (dialog.querySelector("table")) return;
  const keys = (await bodyOf("settings/?fragment=keys"))?.firstElementChild;
  dialog.querySelector("div").replaceChildren(keys ?? "The server is away: try again.");
}

/** A dialog with a heading, a place for its content, and a button that closes it. */
function makeDialog(id, title) {
  const dialog = document.createElement("dialog");
  dialog.id = id;
  dialog.setAttribute("aria-label", title);
  dialog.innerHTML = '<form method="dialog" class="bar"><strong></strong><button class="end">Close</button></form><div></div>';
  dialog.querySelector("strong").textContent = title;
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  return dialog;
}

byId("open-help")?.addEventListener("click", (event) => {
  event.preventDefault();
  openHelp();
});

// --- Pausing: the page stays as it is, and its title counts what it does not show ----------------------------------

let heldBack = null; // how many changes wait, while the page is paused
let titleBefore = "";

function holdBack() {
  heldBack += 1;
  document.title = `(${heldBack} new) ${titleBefore}`;
}

function pauseOrGoOn() {
  if (heldBack === null) {
    titleBefore = document.title;
    heldBack = 0;
  } else {
    heldBack = null;
    document.title = titleBefore;
    refreshAll();
  }
  showStatus();
  return true;
}
