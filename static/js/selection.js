/* Lists by mouse and keyboard: rows selected one by one, by range or all; j and k walk, x selects; Alt-click on a value
   leaves it out. Everything has its link or its form: this only makes it quicker. */

const boxes = () => [...document.querySelectorAll("td.pick input")];
let lastPicked = null; // where a range begins
let pickedBefore = 0;

function changedSelection() {
  const count = boxes().filter((box) => box.checked).length;
  const all = byId("pick-all");
  const words = byId("picked");
  if (words) words.textContent = `${count} selected`;
  if (words && !pickedBefore) meanWhatIsSeen();
  pickedBefore = count;
  if (!all) return;
  all.checked = count > 0 && count === boxes().length;
  all.indeterminate = count > 0 && !all.checked;
  if (!count && byId("pick-matching")) byId("pick-matching").checked = false;
}

/** "All that match" are those of the list as it stands when one begins to select; then new rows wait. */
function meanWhatIsSeen() {
  if (!byId("seen")) return; // no list of runs
  const { seen, matching } = byId("runs").dataset;
  byId("seen").value = seen;
  byId("matching").textContent = matching;
}

/** Select a box; with `range` everything from the last one to it. */
function pick(box, range, on) {
  const list = boxes();
  const from = list.indexOf(lastPicked);
  const to = list.indexOf(box);
  if (range && from >= 0) {
    for (const one of list.slice(Math.min(from, to), Math.max(from, to) + 1)) one.checked = on;
  } else box.checked = on;
  lastPicked = box;
  changedSelection();
}

document.addEventListener("click", (event) => {
  const term = event.altKey && event.target.closest("[data-term]");
  if (term) {
    event.preventDefault();
    location.search = without(term.dataset.term, term.dataset.value ?? term.textContent);
  }
  const box = event.target.closest("td.pick input");
  if (box) pick(box, event.shiftKey, box.checked);
  if (event.target.id === "pick-all") {
    for (const one of boxes()) one.checked = event.target.checked;
    changedSelection();
  }
  for (const panel of document.querySelectorAll("details.panel[open]")) {
    if (!panel.contains(event.target)) panel.open = false;
  }
});

/** The query of this page that leaves out what has the value. */
function without(name, value) {
  const query = new URLSearchParams(location.search);
  for (const place of ["older", "newer"]) query.delete(place);
  query.append(name, /[",]/.test(value) ? `!"${value.replace(/["\\]/g, "\\$&")}"` : `!${value}`);
  return query.toString();
}

// --- Keys ---------------------------------------------------------------------------------------------------------

const listRows = () => [...document.querySelectorAll("table[data-keys] tbody tr")];
const rowHere = () => document.querySelector("tr.here");

function walk(step) {
  const rows = listRows();
  if (!rows.length) return false;
  const at = rows.indexOf(rowHere());
  const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, at + step))];
  rowHere()?.classList.remove("here");
  next.classList.add("here");
  const focus = next.querySelector("td.name a");
  focus.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}

function pickHere(range) {
  const box = rowHere()?.querySelector("td.pick input");
  if (box) pick(box, range, range || !box.checked);
  return box;
}

/** Press a button of the bar for what is selected, or else for the row one is at. */
function press(name) {
  const button = document.querySelector(`#bulk-bar [name=do][value="${name}"]`);
  if (!button) return false;
  if (!boxes().some((box) => box.checked) && !pickHere(false)) return false;
  const panel = button.closest("details");
  if (panel) {
    panel.open = true;
    panel.querySelector("select").focus();
  } else button.click();
  return true;
}

function openHere() {
  const link = rowHere()?.querySelector("td.name a");
  link?.click();
  return Boolean(link);
}

const listKeys = {
  j: () => walk(1),
  k: () => walk(-1),
  x: () => pickHere(false),
  X: () => pickHere(true),
  Enter: () => document.activeElement === document.body && openHere(),
  o: () => rowHere() && window.open(rowHere().querySelector("td.name a").href, "_blank", "noopener"),
  r: () => press("retry"),
  c: () => press("cancel"),
  s: () => press("set-state"),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const panel of document.querySelectorAll("details.panel[open]")) panel.open = false;
  if (!isSingleKey(event) || !listRows().length || !Object.hasOwn(listKeys, event.key)) return;
  if (listKeys[event.key]() !== false && event.key !== "Enter") event.preventDefault();
});

// The page does not wait for what saved views hold; it is asked for afterwards.
if (document.querySelector("#views[data-uncounted]")) whenShown(() => refresh(byId("views")));
changedSelection(); // the browser may remember what was selected
addEventListener("pageshow", changedSelection);
