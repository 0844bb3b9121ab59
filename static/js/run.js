/* The page of a run: links that change one part of it, the timeline's zoom and choice, keys of buttons, and copying. */

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

function zoomTo(plot, first, last) {
  const address = new URL(location.href);
  address.searchParams.set("t0", first.toFixed(3));
  address.searchParams.set("t1", last.toFixed(3));
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

// --- Keys that press what names them, and copying ------------------------------------------------------------------

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelector("details.menu[open]")?.removeAttribute("open");
  if (!isSingleKey(event)) return;
  const named = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!named) return;
  event.preventDefault();
  named.click();
});

document.addEventListener("click", (event) => {
  const open = document.querySelector("details.menu[open]");
  if (open && !open.contains(event.target)) open.removeAttribute("open");
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-of]");
  if (!button) return;
  const text = button.dataset.copy ?? byId(button.dataset.copyOf)?.textContent ?? "";
  const words = button.textContent;
  button.textContent = (await copyText(text)) ? "Copied" : "Not copied";
  setTimeout(() => (button.textContent = words), 1500);
});

/** Browsers give the clipboard to pages over TLS and on this machine alone; elsewhere a selection is copied. */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}
