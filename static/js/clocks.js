/* What lasts goes on in the browser, without messages: durations, distances in time, and the bars of what runs. */

const skew = Number(root.dataset.now) * 1000 - Date.now();
const SKEW_MS = 5_000; // the server's clock is the one that counts, unless the difference is only the page's loading
const AXIS_END = 86; // per cent of the plot; a bar that reaches it needs a longer axis
const TICK_MS = 500;

const two = (number) => String(number).padStart(2, "0");

/** A duration in seconds, in the words of the server. */
function lasted(seconds) {
  if (seconds > 0 && seconds < 0.1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} m`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

/** How far away a moment is, in seconds; what is to come is negative. */
function distance(seconds) {
  const whole = Math.floor(Math.abs(seconds));
  if (whole < 2) return "just now";
  return seconds > 0 ? `${amount(whole)} ago` : `in ${amount(whole)}`;
}

function amount(seconds) {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

function tick() {
  const now = Date.now() + (Math.abs(skew) > SKEW_MS ? skew : 0);
  for (const element of document.querySelectorAll("time[data-ago]")) {
    say(element, distance((now - Date.parse(element.dateTime)) / 1000));
  }
  for (const element of document.querySelectorAll("[data-since]")) {
    say(element, lasted((now - Date.parse(element.dataset.since)) / 1000));
  }
  for (const bar of document.querySelectorAll("[data-grow]")) grow(bar, now / 1000);
}

function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function grow(bar, now) {
  const width = (now - Number(bar.dataset.grow)) * Number(bar.ownerSVGElement.dataset.pps);
  const end = parseFloat(bar.getAttribute("x")) + width;
  if (end > AXIS_END) {
    bar.dispatchEvent(new CustomEvent("part-outgrown", { bubbles: true }));
    return;
  }
  bar.setAttribute("width", `${width.toFixed(2)}%`);
  bar.closest("g").querySelector("[data-beside]")?.setAttribute("x", `${end.toFixed(2)}%`);
}

setInterval(() => document.hidden || tick(), TICK_MS);
