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
let toldAt = 0; // when the server last told of a change, by its clock: what it made before is too old
const tags = new Map(); // of what stands on the page, by the name of the part: what is still so is not sent again

function refresh(part) {
  const name = part.dataset.part;
  if (heldBack !== null) return;
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

/** Without `holds` rows are shown that would wait: the button for them floats over the rows, so the mouse that pressed it
    points at one of them. */
async function load(name, { holds = true } = {}) {
  if (name === "logs" && log) return log.catchUp();
  const answer = await fetchPart(name, {}, tags.get(name));
  const fresh = answer?.firstElementChild;
  if (!fresh) return;
  tags.delete(name);
  const old = byId(fresh.id);
  if (!isSameButForTheClock(old, fresh)) {
    const news = newsOf(old, fresh);
    if (news) tell(news);
    if (holds && "hold" in old.dataset && hold(old, fresh)) return;
    morph(old, fresh);
    if (fresh.dataset.title) document.title = fresh.dataset.title;
  }
  tags.set(name, answer.dataset.tag);
}

/** The body of a fragment of this page. Null when it is still the one with this tag, and when the server is away: then
    it is asked again once the socket is back. */
async function fetchPart(name, query = {}, tag = "") {
  const address = new URL(location.href);
  for (const [key, value] of Object.entries({ fragment: name, ...query })) address.searchParams.set(key, value);
  try {
    const response = await fetch(address, {
      headers: { "If-None-Match": tag, "X-Orchestrator-Told-At": toldAt },
    });
    if (!response.ok || response.redirected) return null;
    const { body } = new DOMParser().parseFromString(await response.text(), "text/html");
    body.dataset.tag = response.headers.get("ETag") ?? "";
    return body;
  } catch {
    return null;
  }
}

// --- What has changed, in a few words, for those who hear the page: the newest news, and not more often than this ---

const TELL_MS = 5_000;
const news = Object.assign(document.createElement("p"), { className: "vh", ariaLive: "polite" });
byId("main").append(news);
let untold = "";
let telling = 0;

function tell(words) {
  untold = words;
  telling ||= setTimeout(tellNow, 0);
}

function tellNow() {
  news.textContent = untold;
  untold = "";
  telling = setTimeout(() => {
    telling = 0;
    if (untold) tell(untold);
  }, TELL_MS);
}

/** `icy-mink · Failed` of a page about one thing that says so in its title, `3 new` of a list. */
function newsOf(old, fresh) {
  const { title } = fresh.dataset;
  if (title) return title !== old.dataset.title && title.replace(/ · Orchestrator$/, "");
  const count = "hold" in old.dataset && [...fresh.querySelectorAll("tbody > tr[id]")].filter((row) => !byId(row.id)).length;
  return count && `${count} new`;
}

document.addEventListener("part-outgrown", (event) => refresh(event.target.closest("[data-part]")));

// --- Morphing: what is the same stays, so focus, selection, scroll, typed text and open details stay too -----------

const TOKEN = "csrfmiddlewaretoken"; // one rendering of a part is for many readers, so each puts in their own

function morph(old, fresh) {
  tags.delete(old.dataset.part);
  const own = document.getElementsByName(TOKEN)[0]?.value;
  for (const field of fresh.querySelectorAll(`[name=${TOKEN}]`)) field.setAttribute("value", own ?? "");
  Idiomorph.morph(old, fresh, {
    ignoreActiveValue: isTyping(document.activeElement), // else nothing inside what has the focus would change
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
const RESTART = 1012; // the code with which a server closes that is started again
const RESTART_MS = 5_000; // over which its pages come back
const HIDDEN_MS = 60_000; // a page that nobody looks at for that long lets its socket go
const topics = [...new Set(parts().flatMap(topicsOf))];
// A part with `data-unhurried` waits until it is told of a change: it is not worth a request of its own.
const refreshAll = () => parts().forEach((part) => "unhurried" in part.dataset || refresh(part));
let socket = null;
let failures = 0;
let hasBeenLive = false;
let polling = 0;
let hiding = 0;
let status = ["", false]; // in words, and whether changes come at once

function connect() {
  socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${root.dataset.root}ws/live`);
  // The first time the server can tell what changed since it made the page; later on everything is fetched.
  const made = failures || hasBeenLive ? undefined : Number(root.dataset.now);
  socket.onopen = () => socket.send(JSON.stringify({ type: "subscribe", topics, made }));
  socket.onmessage = ({ data }) => hear(JSON.parse(data));
  socket.onclose = comeBack;
}

function hear(notice) {
  toldAt = Math.max(toldAt, notice.at ?? 0);
  if (notice.type === "subscribed") {
    failures = 0;
    clearInterval(polling);
    polling = 0;
    hasBeenLive = true;
    sayStatus("live", true);
  }
  const changed = notice.type === "subscribed" ? notice.missed : notice.topics;
  if (heldBack !== null) return changed?.length === 0 || holdBack();
  if (!changed) return refreshAll();
  for (const part of parts()) {
    if (topicsOf(part).some((topic) => changed.includes(topic))) refresh(part);
  }
}

function comeBack({ code }) {
  socket = null;
  if (document.hidden) return;
  failures += 1;
  if (failures >= 3 && !polling) polling = setInterval(() => document.hidden || refreshAll(), POLL_MS);
  sayStatus(polling ? "polling every 10 s" : "reconnecting…", false);
  const jitter = 0.7 + 0.6 * Math.random();
  const pause = code === RESTART ? RESTART_MS * Math.random() : Math.min(30_000, 250 * 2 ** failures) * jitter;
  setTimeout(() => socket || document.hidden || connect(), pause);
}

function sayStatus(words, isOn) {
  status = [words, isOn];
  showStatus();
}

function showStatus() {
  const [words, isOn] = heldBack === null ? status : ["paused (p to go on)", false];
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
if (topics.length) whenShown(() => socket || connect());

for (const part of document.querySelectorAll("[data-poll]")) {
  setInterval(() => document.hidden || refresh(partNamed(part.dataset.part)), Number(part.dataset.poll) * 1000);
}
