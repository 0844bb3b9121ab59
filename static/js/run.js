/* The page of a run: links that change one part of it, the timeline's zoom and choice, and keys of buttons. */

let shownQuery = location.search; // what the parts of the page show

/** Make `address` the page's, and fetch the parts again that it changes. Going back goes back to what was there. */
function showInParts(address, names) {
  history.pushState({}, "", address);
  shownQuery = location.search;
  names.forEach(loadAnew);
}

/** The whole part as it is at this address, also of the log: not what was written since, but another stretch of it. */
async function loadAnew(name) {
  const asked = location.href;
  const fresh = (await fetchPart(name))?.firstElementChild;
  if (!fresh || location.href !== asked) return;
  morph(byId(fresh.id), fresh);
  if (name === "logs") log?.reopen();
}

addEventListener("popstate", () => {
  if (location.search === shownQuery || !document.querySelector("[data-in-part]")) return; // only to another line
  shownQuery = location.search;
  ["tasks", "logs"].forEach(loadAnew);
});

const isPlainClick = (event) => !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;

document.addEventListener("click", (event) => {
  if (!isPlainClick(event)) return;
  const link = event.target.closest("a[data-in-part]");
  const bar = event.target.closest(".plot a[data-task]");
  if (link) {
    event.preventDefault();
    showInParts(link.href, link.dataset.inPart.split(" "));
  } else if (bar && chooseTask(bar.dataset.task)) event.preventDefault();
});

/** A first click marks the task's row and shows its log, a second one leads to its page. */
function chooseTask(task) {
  const address = new URL(location.href);
  if (address.searchParams.get("task") === task) return false;
  address.searchParams.set("task", task);
  showInParts(withoutPlace(address), ["tasks", "logs"]);
  return true;
}

/** The address of the same page at no particular line of the log. */
function withoutPlace(address) {
  for (const gone of ["at", "before", "from"]) address.searchParams.delete(gone);
  address.hash = "";
  return address;
}

// --- The row that one looks at: its name and its bars are marked together, and its bar is put into words ------------

function lookAt(event) {
  sayAtHand(event.target.closest?.(".plot a")?.querySelector("title")?.textContent ?? "");
  const near = event.target.closest?.(".gantt li, .plot > svg > g");
  if (near?.matches(".hot")) return;
  for (const one of document.querySelectorAll(".gantt .hot")) one.classList.remove("hot");
  if (!near) return;
  const index = [...near.parentNode.children].filter((one) => one.localName === near.localName).indexOf(near);
  const halves = [".gantt li", ".plot > svg > g"].map((rows) => document.querySelectorAll(rows)[index]);
  for (const half of halves) half?.classList.add("hot");
}

function sayAtHand(words) {
  const place = byId("at-hand");
  if (place) place.textContent = words;
}

if (document.querySelector("#part-tasks")) for (const kind of ["pointerover", "focusin"]) document.addEventListener(kind, lookAt);

// --- A run that has just failed: where it happened may be told a moment later ---------------------------------------

const SETTLE_MS = 1_000;
const runHeader = byId("part-header");
const settle = () => "settles" in runHeader.dataset && setTimeout(() => refresh(runHeader), SETTLE_MS);
if (runHeader) {
  new MutationObserver(settle).observe(runHeader, { attributeFilter: ["data-settles"] });
  settle();
}

// --- Zoom: Ctrl and the wheel, and a stretch drawn with the mouse --------------------------------------------------

const PLOT_SHARE = 0.86; // of its width; what is right of it is room for words
const LEAST_BRUSH = 6; // pixels; less is a click

const plotAt = (event) => event.target.closest?.(".plot > svg[data-t0]:not([data-folded])");

/** The second of the run at a place of the plot. */
function secondAt(plot, clientX) {
  const box = plot.getBoundingClientRect();
  const share = Math.min(1, Math.max(0, (clientX - box.left) / (box.width * PLOT_SHARE)));
  const [first, last] = [Number(plot.dataset.t0), Number(plot.dataset.t1)];
  return first + share * (last - first);
}

/** The edges that lie beyond the run are left out of the address, so that its whole log is shown again with all of it. */
function zoomTo(plot, first, last) {
  const address = new URL(location.href);
  const change = (name, seconds, isInside) =>
    isInside ? address.searchParams.set(name, seconds.toFixed(3)) : address.searchParams.delete(name);
  change("t0", first, first > Number(plot.dataset.first));
  change("t1", last, last < Number(plot.dataset.last));
  address.searchParams.delete("attempt");
  showInParts(withoutPlace(address), ["tasks", "logs"]);
}

let wheeling = 0;

document.addEventListener(
  "wheel",
  (event) => {
    const plot = event.ctrlKey && plotAt(event);
    if (!plot) return;
    event.preventDefault();
    if (Date.now() < wheeling) return;
    wheeling = Date.now() + 200;
    const [first, last, here] = [Number(plot.dataset.t0), Number(plot.dataset.t1), secondAt(plot, event.clientX)];
    const factor = event.deltaY < 0 ? 0.5 : 2;
    zoomTo(plot, here - (here - first) * factor, here + (last - here) * factor);
  },
  { passive: false },
);

let brush = null;

function stopClick(event) {
  event.preventDefault();
  event.stopPropagation();
}

document.addEventListener("pointerdown", (event) => {
  const plot = plotAt(event);
  if (plot && !event.button && event.pointerType === "mouse") brush = { plot, from: event.clientX };
});

document.addEventListener("dragstart", (event) => plotAt(event) && event.preventDefault()); // bars are links

document.addEventListener("pointermove", (event) => {
  if (!brush || Math.abs(event.clientX - brush.from) < LEAST_BRUSH) return;
  if (!brush.mark) {
    brush.mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    brush.mark.setAttribute("class", "brush");
    brush.mark.setAttribute("height", "100%");
    brush.plot.append(brush.mark);
  }
  const left = brush.plot.getBoundingClientRect().left;
  brush.mark.setAttribute("x", Math.min(event.clientX, brush.from) - left);
  brush.mark.setAttribute("width", Math.abs(event.clientX - brush.from));
});

document.addEventListener("pointerup", (event) => {
  if (brush?.mark) {
    brush.mark.remove();
    addEventListener("click", stopClick, true); // the one that ends the stretch, where it ends on a bar
    setTimeout(() => removeEventListener("click", stopClick, true), 50);
    const ends = [secondAt(brush.plot, brush.from), secondAt(brush.plot, event.clientX)].sort((a, b) => a - b);
    if (ends[1] > ends[0]) zoomTo(brush.plot, ...ends);
  }
  brush = null;
});

// --- Keys that press what names them -------------------------------------------------------------------------------

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelector("details.menu[open]")?.removeAttribute("open");
  if (!isSingleKey(event)) return;
  if (event.key.startsWith("Arrow") && event.target !== document.body) return; // they scroll and choose there
  const named = document.querySelector(`[data-key~="${CSS.escape(event.key)}"]`);
  if (named) named.click();
  else if (event.key === "l" && byId("log")) lookAtLog();
  else return;
  event.preventDefault();
});

function lookAtLog() {
  byId("part-logs").scrollIntoView();
  byId("log").focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  const open = document.querySelector("details.menu[open]");
  if (open && !open.contains(event.target)) open.removeAttribute("open");
});
