/* Keeps a page true while it is open. The whole page was rendered by the server and reads without this script.
   A part is an element with `data-part` (its fragment) and `data-live` (the topics that change it). The socket only says
   which topics changed; the part is then fetched again by the page's own address and morphed in place. */
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const skew = Number(document.documentElement.dataset.now) * 1000 - Date.now(); // the server's clock is the one that counts
  const serverTime = () => Date.now() + (Math.abs(skew) > 5000 ? skew : 0);

  // --- Morphing: what is the same stays, so focus, selection, scroll and open details do too -------------------------
  function morph(old, fresh) {
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || old.id !== fresh.id) return old.replaceWith(fresh);
    if (old.nodeType !== 1) { if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue; return; }
    if ("keep" in old.dataset || old.isEqualNode(fresh)) return;
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    const known = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
    const staying = new Set([...fresh.children].map((child) => child.id));
    let at = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      while (at?.id && !staying.has(at.id)) { const gone = at; at = at.nextSibling; gone.remove(); }
      const match = child.id ? known.get(child.id) : at && !at.id && at.nodeName === child.nodeName ? at : null;
      if (!match) { old.insertBefore(child, at); continue; }
      if (match === at) at = at.nextSibling; else old.insertBefore(match, at);
      morph(match, child);
    }
    while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
  }

  // --- Parts: one request at a time for each, and not more often than `data-every` milliseconds -----------------------
  const busy = new Map();
  const parts = () => [...document.querySelectorAll("[data-part]")];
  function refresh(part) {
    const name = part.dataset.part;
    const state = busy.get(name) || busy.set(name, { last: 0 }).get(name);
    if (state.waiting) return;
    if (state.loading) { state.again = true; return; }
    const wait = state.last + Number(part.dataset.every || 250) - Date.now();
    if (wait > 0) { state.waiting = setTimeout(() => { state.waiting = 0; refresh(byId(part.id)); }, wait); return; }
    state.loading = true;
    state.last = Date.now();
    load(name).catch(() => {}).finally(() => {
      state.loading = false;
      if (state.again) { state.again = false; refresh(byId(part.id)); }
    });
  }
  async function load(name) {
    const log = name === "logs" ? byId("log") : null;
    if (name === "logs" && !("after" in log.dataset)) return; // an old stretch of the log does not grow
    const address = new URL(location.href);
    address.searchParams.set("fragment", name);
    if (log) address.searchParams.set("after", log.dataset.after);
    const response = await fetch(address, { credentials: "same-origin" });
    if (!response.ok || response.redirected) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").body;
    if (log) return append(log, fresh);
    const part = fresh.firstElementChild;
    const old = byId(part.id);
    if ("hold" in old.dataset && hold(old, part)) return;
    morph(old, part);
    if (part.dataset.title) document.title = part.dataset.title;
    tick();
  }

  // --- Lists: new rows do not push away what somebody reads; they wait behind a button -------------------------------
  function hold(old, fresh) {
    const rows = old.querySelector("tbody");
    const newRows = [...fresh.querySelectorAll("tbody tr")].filter((row) => !byId(row.id));
    byId("held")?.remove();
    if (!rows || !newRows.length || !(scrollY > 40 || rows.matches(":hover, :focus-within"))) return false;
    for (const row of fresh.querySelectorAll("tbody tr")) if (byId(row.id)) morph(byId(row.id), row);
    const button = Object.assign(document.createElement("button"), { id: "held", className: "held", textContent: `${newRows.length} new · show` });
    button.onclick = () => { button.remove(); scrollTo(0, 0); document.activeElement.blur(); load(old.dataset.part); };
    old.prepend(button);
    tick();
    return true;
  }

  // --- The log: lines are only added, each once and where its time belongs; at the end it follows ---------------------
  const MOST_LINES = 2000;
  const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 24;
  const toEnd = (box) => { box.scrollTop = box.scrollHeight; };
  const seconds = (line) => line.firstElementChild.textContent.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  const isLater = (a, b) => ((seconds(a) - seconds(b) + 129600) % 86400) - 43200 > 0; // across midnight too
  let unseen = 0;
  function append(log, fresh) {
    const arrivals = fresh.querySelector("#arrivals");
    const levels = fresh.querySelector("#log-levels");
    if (levels) morph(byId("log-levels"), levels);
    const follow = atEnd(log);
    const top = [...log.children].find((line) => line.offsetTop + line.offsetHeight > log.scrollTop + log.offsetTop);
    const before = top?.offsetTop;
    for (const line of [...arrivals.children]) {
      if (byId(line.id)) continue;
      let next = null;
      for (let last = log.lastElementChild; last && isLater(last, line); last = last.previousElementSibling) next = last;
      log.insertBefore(line, next);
      if (!follow) unseen += 1;
    }
    log.dataset.after = arrivals.dataset.after;
    if (log.firstElementChild) byId("log-empty")?.remove();
    if (follow) while (log.children.length > MOST_LINES) log.firstElementChild.remove();
    if (follow) toEnd(log); else if (top) log.scrollTop += top.offsetTop - before; // the lines under the eye stay there
    showUnseen(log);
    if ("more" in arrivals.dataset) return load("logs");
  }
  function showUnseen(log) {
    if (atEnd(log)) unseen = 0;
    const button = byId("unseen");
    if (!unseen) return button?.remove();
    const words = `${unseen} new line${unseen === 1 ? "" : "s"} · follow`;
    if (button) { button.textContent = words; return; }
    const made = Object.assign(document.createElement("button"), { id: "unseen", className: "held", textContent: words });
    made.onclick = () => { toEnd(log); showUnseen(log); };
    log.after(made);
  }
  const log = byId("log");
  if (log) {
    const line = location.hash.slice(1);
    if (/^L[0-9a-f-]{36}$/.test(line) && !byId(line) && !/[?&]at=/.test(location.search)) {
      location.replace(`?at=${line.slice(1)}#${line}`); // a link to a line that is not in this stretch
    } else if ("follow" in log.dataset && !line) toEnd(log);
    log.addEventListener("scroll", () => unseen && showUnseen(log), { passive: true });
  }

  // --- Clocks: what runs goes on in the browser, without messages ------------------------------------------------------
  const two = (number) => String(number).padStart(2, "0");
  function lasted(s) {
    if (s < 10) return `${Math.max(0, s).toFixed(1)} s`;
    const n = Math.floor(s);
    if (n < 60) return `${n} s`;
    if (n < 3600) return `${Math.floor(n / 60)}m ${two(n % 60)}s`;
    if (n < 86400) return `${Math.floor(n / 3600)} h ${two(Math.floor((n % 3600) / 60))} m`;
    return `${Math.floor(n / 86400)} d ${Math.floor((n % 86400) / 3600)} h`;
  }
  function distance(s) {
    const n = Math.floor(Math.abs(s));
    if (n < 2) return "just now";
    const amount = n < 60 ? `${n} s` : n < 3600 ? `${Math.floor(n / 60)} min` : n < 86400 ? `${Math.floor(n / 3600)} h` : `${Math.floor(n / 86400)} d`;
    return s > 0 ? `${amount} ago` : `in ${amount}`;
  }
  const say = (element, words) => { if (element.textContent !== words) element.textContent = words; };
  function tick() {
    const now = serverTime();
    for (const element of document.querySelectorAll("time[data-ago]")) say(element, distance((now - Date.parse(element.dateTime)) / 1000));
    for (const element of document.querySelectorAll("[data-since]")) say(element, lasted((now - Date.parse(element.dataset.since)) / 1000));
    for (const bar of document.querySelectorAll("[data-grow]")) {
      const width = (now / 1000 - Number(bar.dataset.grow)) * Number(bar.ownerSVGElement.dataset.pps);
      const end = parseFloat(bar.getAttribute("x")) + width;
      if (end > 86) { refresh(bar.closest("[data-part]")); continue; } // the axis is full: ask for a longer one
      bar.setAttribute("width", `${width.toFixed(2)}%`);
      bar.closest("g").querySelector("[data-beside]")?.setAttribute("x", `${end.toFixed(2)}%`);
    }
  }
  setInterval(() => document.hidden || tick(), 500);

  // --- The socket; while it cannot be opened, the page asks every ten seconds -----------------------------------------
  const topics = [...new Set(parts().flatMap((part) => part.dataset.live.split(" ")))];
  if (!topics.length) return;
  let socket, failures = 0, polling, hidden;
  const refreshAll = () => parts().forEach(refresh);
  function status(words, on) {
    const element = byId("live-status");
    if (!element) return;
    element.textContent = words;
    element.classList.toggle("on", Boolean(on));
  }
  function connect() {
    clearTimeout(hidden);
    socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${document.documentElement.dataset.root}ws/live`);
    socket.onopen = () => {
      socket.send(JSON.stringify({ type: "subscribe", topics }));
      clearInterval(polling);
      polling = 0;
      failures = 0;
    };
    socket.onmessage = ({ data }) => {
      const notice = JSON.parse(data);
      if (notice.type === "subscribed") status("live", true);
      if (notice.type !== "changed") return refreshAll(); // also at first: whatever happened while nobody listened
      for (const part of parts()) if (part.dataset.live.split(" ").some((topic) => notice.topics.includes(topic))) refresh(part);
    };
    socket.onclose = () => {
      socket = null;
      if (document.hidden) return;
      failures += 1;
      if (failures >= 3 && !polling) polling = setInterval(refreshAll, 10000);
      status(polling ? "polling every 10 s" : "reconnecting…");
      setTimeout(() => socket || document.hidden || connect(), Math.min(30000, 500 * 2 ** failures) * (0.7 + 0.6 * Math.random()));
    };
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) hidden = setTimeout(() => socket?.close(), 60000);
    else { clearTimeout(hidden); if (!socket) connect(); }
  });
  connect();
})();
