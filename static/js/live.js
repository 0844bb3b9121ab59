/* Keeps a page true while it is open. The server rendered the whole page, and it reads without this script.

   A part is an element with `data-part` (the name of its fragment) and `data-live` (the topics that change it). The
   socket says only which topics changed; the part is then fetched by the page's own address and morphed in place.
   What no event tells of says `data-poll`: it is fetched every so many seconds while somebody looks.
   This file is the last one: what stands at the top of it begins when the others are there. */

const parts = () => [...document.querySelectorAll("[data-part]")];
const topicsOf = (part) => (part.dataset.live ?? "").split(" ").filter(Boolean);
const log = byId("log") && openLog(byId("log")); // pages with a log have its script

// --- Parts: one request at a time for each, and not more often than `data-every` milliseconds ----------------------

const turns = new Map(); // what is under way, by the name of the part

function refresh(part) {
  const name = part.dataset.part;
  if (isHeldBack()) return;
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
  if (name === "logs" && log) return log.catchUp();
  const fresh = (await fetchPart(name))?.firstElementChild;
  if (!fresh) return;
  const old = byId(fresh.id);
  if (isSameButForTheClock(old, fresh)) return;
  if ("hold" in old.dataset && hold(old, fresh)) return;
  morph(old, fresh);
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

const TOKEN = "csrfmiddlewaretoken"; // one rendering of a part is for many readers, so each puts in their own

function morph(old, fresh) {
  const own = document.getElementsByName(TOKEN)[0]?.value;
  for (const field of fresh.querySelectorAll(`[name=${TOKEN}]`)) field.setAttribute("value", own ?? "");
  Idiomorph.morph(old, fresh, {
    ignoreActiveValue: true,
    callbacks: {
      beforeNodeMorphed: (was, is) => !(was.dataset && "keep" in was.dataset) && !was.isEqualNode(is),
      beforeAttributeUpdated: (name, element) =>
        !(name === "open" && element.matches("details")) && !(name === "value" && element.name === TOKEN),
    },
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
// A part with `data-unhurried` waits until it is told of a change: it is not worth a request of its own.
const refreshAll = () => parts().forEach((part) => "unhurried" in part.dataset || refresh(part));
let socket = null;
let failures = 0;
let hasBeenLive = false;
let polling = 0;
let hiding = 0;

function connect() {
  socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${root.dataset.root}ws/live`);
  // The first time the server can tell what changed since it made the page; later on everything is fetched.
  const made = failures || hasBeenLive ? undefined : Number(root.dataset.now);
  socket.onopen = () => socket.send(JSON.stringify({ type: "subscribe", topics, made }));
  socket.onmessage = ({ data }) => hear(JSON.parse(data));
  socket.onclose = comeBack;
}

function hear(notice) {
  if (notice.type === "subscribed") {
    failures = 0;
    clearInterval(polling);
    polling = 0;
    hasBeenLive = true;
    showStatus("live", true);
  }
  const changed = notice.type === "subscribed" ? notice.missed : notice.topics;
  if (!changed) return refreshAll();
  for (const part of parts()) {
    if (topicsOf(part).some((topic) => changed.includes(topic))) refresh(part);
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
if (topics.length) connect();

for (const part of document.querySelectorAll("[data-poll]")) {
  setInterval(() => document.hidden || refresh(partNamed(part.dataset.part)), Number(part.dataset.poll) * 1000);
}
