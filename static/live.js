/* Keeps a page true while it is open. The server rendered the whole page, and it reads without this script.

   A part is an element with `data-part` (the name of its fragment) and `data-live` (the topics that change it). The
   socket says only which topics changed; the part is then fetched by the page's own address and morphed in place.
   What a first look does not need comes after it: clocks, log, held rows, and with the first change the morphing. */

const root = document.documentElement;
const byId = (id) => document.getElementById(id);
const parts = () => [...document.querySelectorAll("[data-part]")];
const topicsOf = (part) => part.dataset.live.split(" ");

const loaded = new Promise((resolve) => addEventListener("load", resolve, { once: true }));
const later = (path) => loaded.then(() => import(path));
later("./live/clocks.js");
const log = byId("log") && later("./live/log.js").then(({ openLog }) => openLog(byId("log"), { fetchPart, morph }));
const heldRows = document.querySelector("[data-hold]") && later("./live/held_rows.js");

// --- Parts: one request at a time for each, and not more often than `data-every` milliseconds ----------------------

const turns = new Map(); // what is under way, by the name of the part

function refresh(part) {
  const name = part.dataset.part;
  if (!turns.has(name)) turns.set(name, { begun: 0, waits: false, loads: false, again: false });
  const turn = turns.get(name);
  if (turn.waits) return;
  if (turn.loads) {
    turn.again = true;
    return;
  }
  turn.waits = true;
  const pause = turn.begun + Number(part.dataset.every || 250) - Date.now();
  setTimeout(() => takeTurn(name, turn), Math.max(0, pause));
}

async function takeTurn(name, turn) {
  Object.assign(turn, { begun: Date.now(), waits: false, loads: true, again: false });
  try {
    await load(name);
  } finally {
    turn.loads = false;
    if (turn.again) refresh(partNamed(name));
  }
}

const partNamed = (name) => document.querySelector(`[data-part="${name}"]`);

async function load(name) {
  if (name === "logs") return (await log).catchUp();
  const fresh = (await fetchPart(name))?.firstElementChild;
  if (!fresh) return;
  const old = byId(fresh.id);
  if (isSameButForTheClock(old, fresh)) return;
  if ("hold" in old.dataset && (await (await heldRows).hold(old, fresh, { load, morph }))) return;
  await morph(old, fresh);
  if (fresh.dataset.title) document.title = fresh.dataset.title;
}

/** The body of a fragment of this page, or null when the server is away: it is asked again once the socket is back. */
async function fetchPart(name, query = {}) {
  const address = new URL(location.href);
  for (const [key, value] of Object.entries({ fragment: name, ...query })) address.searchParams.set(key, value);
  try {
    const response = await fetch(address, { credentials: "same-origin" });
    if (!response.ok || response.redirected) return null;
    return new DOMParser().parseFromString(await response.text(), "text/html").body;
  } catch {
    return null;
  }
}

document.addEventListener("part-outgrown", (event) => refresh(event.target.closest("[data-part]")));

// --- Morphing: what is the same stays, so focus, selection, scroll, typed text and open details stay too -----------

let library; // a promise, from the first change on

async function morph(old, fresh) {
  library ??= loadLibrary();
  (await library).morph(old, fresh, {
    ignoreActiveValue: true,
    callbacks: {
      beforeNodeMorphed: (was, is) => !(was.dataset && "keep" in was.dataset) && !was.isEqualNode(is),
      beforeAttributeUpdated: (name, element) => !(name === "open" && element.matches("details")),
    },
  });
}

function loadLibrary() {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("vendor/idiomorph/idiomorph.min.js", import.meta.url);
    script.onload = () => resolve(window.Idiomorph);
    script.onerror = () => {
      library = undefined;
      reject(new Error("the morphing library could not be loaded"));
    };
    document.head.append(script);
  });
}

/** Whether only what moves by itself differs: relative times, and the token that each form gets anew. */
function isSameButForTheClock(old, fresh) {
  const moving = "time[data-ago], span[data-since], [name=csrfmiddlewaretoken], [data-keep]";
  const candidate = fresh.cloneNode(true);
  const before = old.querySelectorAll(moving);
  candidate.querySelectorAll(moving).forEach((element, index) => {
    const twin = before[index];
    const tellsTheSame = twin?.dateTime === element.dateTime && twin?.dataset.since === element.dataset.since;
    if (twin && tellsTheSame) element.replaceWith(twin.cloneNode(true));
  });
  return old.isEqualNode(candidate);
}

// --- The socket; while it cannot be opened, the page asks every ten seconds ----------------------------------------

const POLL_MS = 10_000;
const HIDDEN_MS = 60_000; // a page that nobody looks at for that long lets its socket go
const topics = [...new Set(parts().flatMap(topicsOf))];
const refreshAll = () => parts().forEach(refresh);
let socket = null;
let failures = 0;
let polling = 0;
let hiding = 0;

function connect() {
  socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${root.dataset.root}ws/live`);
  socket.onopen = () => socket.send(JSON.stringify({ type: "subscribe", topics }));
  socket.onmessage = ({ data }) => hear(JSON.parse(data));
  socket.onclose = comeBack;
}

function hear(notice) {
  if (notice.type === "subscribed") {
    failures = 0;
    clearInterval(polling);
    polling = 0;
    showStatus("live", true);
  }
  if (notice.type !== "changed") return refreshAll(); // also at first: whatever happened while nobody listened
  for (const part of parts()) {
    if (topicsOf(part).some((topic) => notice.topics.includes(topic))) refresh(part);
  }
}

function comeBack() {
  socket = null;
  if (document.hidden) return;
  failures += 1;
  if (failures >= 3 && !polling) polling = setInterval(refreshAll, POLL_MS);
  showStatus(polling ? "polling every 10 s" : "reconnecting…", false);
  const pause = Math.min(30_000, 500 * 2 ** failures) * (0.7 + 0.6 * Math.random());
  setTimeout(() => socket || document.hidden || connect(), pause);
}

function showStatus(words, isOn) {
  const element = byId("live-status");
  if (!element) return;
  element.textContent = words;
  element.classList.toggle("on", isOn);
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (!topics.length) return;
  if (document.hidden) hiding = setTimeout(() => socket?.close(), HIDDEN_MS);
  else if (!socket) connect();
});
if (topics.length) loaded.then(connect);
