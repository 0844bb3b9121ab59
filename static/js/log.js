/* The log only grows: each line is added once and where its time belongs, and a reader at the end follows. Lines that
   are not here are fetched when somebody goes there, and what is far away is let go, so a long log stays light. */

const MOST_LINES = 2000; // kept; those beyond are a link away
const LINES_OF_ADDRESS = /^L([0-9a-f-]{36})(?:-L([0-9a-f-]{36}))?$/;
const DAY = 86400; // seconds
const COUNT_MS = 5000; // so often, while lines come, those of each level are counted
const CHORD_MS = 1000; // in which the second key of two follows

function openLog(box) {
  let unseen = 0;
  let counted = 0; // when the lines of each level were
  let recount = 0; // the timer that does it after the last lines came
  let here = null; // the line that keys and addresses are about

  const isAtEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < 24;
  const goToEnd = () => {
    box.scrollTop = box.scrollHeight;
  };
  const lines = () => [...box.querySelectorAll("li:not(.gap)")];
  const idOf = (line) => line.id.slice(1);

  /** Fetch and add what arrived since. An old stretch of the log does not grow. */
  async function catchUp() {
    if (!("after" in box.dataset)) return;
    const fresh = await fetchPart("logs", { after: box.dataset.after, ...(isTimeToCount() && { counts: 1 }) });
    const arrivals = fresh?.querySelector("#arrivals");
    if (!arrivals || !("after" in box.dataset)) return;
    const counts = fresh.querySelector("#log-levels");
    const shown = byId("log-levels");
    if (counts && !shown.isEqualNode(counts)) morph(shown, counts);
    add([...arrivals.children]);
    box.dataset.after = arrivals.dataset.after;
  }

  /** Counting reads many lines, so not each few that come are counted; the last ones are when the time is over. */
  function isTimeToCount() {
    const pause = counted + COUNT_MS - Date.now();
    if (pause > 0) {
      recount ||= setTimeout(() => {
        recount = 0;
        refresh(partNamed("logs"));
      }, pause);
      return false;
    }
    counted = Date.now();
    return true;
  }

  function add(arrived) {
    const follows = isAtEnd();
    const eye = firstVisible();
    const before = eye?.offsetTop;
    for (const line of arrived) {
      if (line.matches(".gap") || byId(line.id)) continue;
      const later = firstLaterThan(line);
      if (later && later === box.firstElementChild && !byId("log-earlier").hidden) continue; // it is a page back
      box.insertBefore(line, later);
      if (!follows) unseen += 1;
    }
    for (const gap of arrived) {
      if (!gap.matches(".gap") || byId(gap.id)) continue;
      byId(`L${gap.dataset.before}`)?.before(gap);
      box.classList.remove("numbered"); // nobody counted what is left out
    }
    if (box.firstElementChild) byId("log-empty")?.remove();
    if (eye) box.scrollTop += eye.offsetTop - before; // the lines under the eye stay there
    letGoFarFrom(follows ? box.lastElementChild : eye);
    if (follows) goToEnd();
    showUnseen();
  }

  const firstVisible = () =>
    [...box.children].find((line) => line.offsetTop + line.offsetHeight > box.scrollTop + box.offsetTop);

  function firstLaterThan(line) {
    let later = null;
    for (let last = box.lastElementChild; last && isLater(last, line); last = last.previousElementSibling) later = last;
    return later;
  }

  function showUnseen() {
    if (isAtEnd()) unseen = 0;
    let button = byId("unseen");
    if (!unseen) return button?.remove();
    if (!button) {
      button = Object.assign(document.createElement("button"), { id: "unseen", className: "held", onclick: follow });
      box.after(button);
    }
    const more = "after" in box.dataset ? "" : "More than "; // nobody counts what comes behind a later page
    button.textContent = `${more}${unseen} new line${unseen === 1 ? "" : "s"} · Follow (f)`;
  }

  /** To the end, and on with it; the end may be on another page. */
  function follow() {
    if (!("after" in box.dataset)) return visit({ at: null, before: "end", from: null, hash: "" });
    goToEnd();
    showUnseen();
  }

  // --- Earlier and later lines ---------------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-more]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    loadMore(link.dataset.more);
  });

  /** Lines that came too fast are put where they belong, a page of them at a time; the row stays before the others. */
  box.addEventListener("click", async (event) => {
    const link = event.target.closest(".gap a");
    const gap = link?.closest(".gap");
    const last = gap?.previousElementSibling;
    if (!last || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const fresh = await fetchPart("logs", { at: "", before: "", from: idOf(last) });
    if (!fresh) return location.assign(link.href);
    const found = [...fresh.querySelectorAll("#log > li")];
    const missing = found.filter((line) => !byId(line.id));
    gap.before(...missing);
    const count = gap.querySelector("data");
    const left = Number(count.value) - missing.length;
    if (missing.length < found.length || fresh.querySelector("#log-later").hidden) gap.remove();
    else if (count.value) [count.value, count.textContent] = left > 0 ? [left, left.toLocaleString("en")] : ["", "More"];
    letGoFarFrom(last);
  });

  async function loadMore(name) {
    const link = byId(`log-${name}`);
    const query = Object.fromEntries(new URL(link.href).searchParams);
    const fresh = await fetchPart("logs", { at: "", before: "", from: "", ...query });
    const next = fresh?.querySelector(`#log-${name}`);
    if (!next) return location.assign(link.href);
    byId("log-tired")?.remove();
    link.parentElement.before(...fresh.querySelectorAll("#log-tired"));
    const found = fresh.querySelector("#log");
    const isBefore = name === "earlier";
    const eye = firstVisible();
    const before = eye?.offsetTop;
    const added = [...found.children].filter((line) => !byId(line.id));
    if (isBefore) box.prepend(...added);
    else box.append(...added);
    if (isBefore && "start" in found.attributes) box.start = found.start;
    const cursor = isBefore ? "before" : "from";
    point(link, cursor, next.hidden ? null : new URL(next.href).searchParams.get(cursor));
    if (!isBefore && "after" in found.dataset) box.dataset.after = found.dataset.after;
    letGo(isBefore ? "last" : "first");
    if (isBefore && eye) box.scrollTop += eye.offsetTop - before;
  }

  /** Too many lines are dropped from the end where the one that is read is not. */
  function letGoFarFrom(read) {
    const over = box.children.length - MOST_LINES;
    if (over > 0) letGo([...box.children].indexOf(read) > over ? "first" : "last");
  }

  /** Drop lines from one end until few enough are left; a link leads back to them. */
  function letGo(side) {
    const over = box.children.length - MOST_LINES;
    if (over <= 0) return;
    const height = box.scrollHeight;
    let numbered = 0;
    for (let left = over; left > 0; left -= 1) {
      const gone = box[`${side}ElementChild`];
      if (!gone.matches(".gap")) numbered += 1;
      gone.remove();
    }
    if (side === "first") {
      if (box.hasAttribute("start")) box.start += numbered;
      box.scrollTop -= height - box.scrollHeight;
      point(byId("log-earlier"), "before", idOf(lines()[0]));
    } else {
      delete box.dataset.after; // the end is not on the page any more
      point(byId("log-later"), "from", idOf(lines().at(-1)));
    }
  }

  function point(link, name, id) {
    link.hidden = !id;
    if (id) link.href = addressWith({ at: null, before: null, from: null, [name]: id });
  }

  // --- Addresses of lines, and keys -----------------------------------------------------------------------------------

  function addressWith(changes) {
    const address = new URL(location.href);
    for (const [name, value] of Object.entries(changes)) {
      if (name === "hash") address.hash = value;
      else if (value === null) address.searchParams.delete(name);
      else address.searchParams.set(name, value);
    }
    return address.href;
  }

  const visit = (changes) => location.assign(addressWith(changes));

  function choose(first, last = first) {
    for (const line of box.querySelectorAll(".chosen")) line.classList.remove("chosen");
    if (!first) return;
    here = last;
    const ends = [first, last].sort((one, other) => (one.compareDocumentPosition(other) & 2 ? 1 : -1));
    for (let line = ends[0]; line; line = line === ends[1] ? null : line.nextElementSibling) line.classList.add("chosen");
  }

  function goTo(line) {
    choose(line);
    line?.scrollIntoView({ block: "center" });
  }

  function goWhereTheAddressPoints() {
    const [, from, to] = location.hash.slice(1).match(LINES_OF_ADDRESS) ?? [];
    const line = from && byId(`L${from}`);
    if (from && !line && !new URLSearchParams(location.search).has("at")) {
      location.replace(addressWith({ at: from, before: null, from: null })); // it is not in this stretch of the log
    } else if (line) {
      choose(line, (to && byId(`L${to}`)) || line);
      line.scrollIntoView({ block: "center" });
    } else if (box.dataset.at) {
      const place = byId(`L${box.dataset.at}`);
      choose(place);
      if (place) box.scrollTop = place.offsetTop - box.offsetTop - box.clientHeight / 2;
    } else if ("follow" in box.dataset) goToEnd();
  }

  box.addEventListener("click", (event) => {
    const line = event.target.closest("p a")?.closest("li");
    if (!line) return;
    if (event.shiftKey && here) {
      event.preventDefault();
      const first = box.querySelector(".chosen") ?? here;
      choose(first, line);
      history.replaceState(null, "", addressWith({ hash: `L${idOf(first)}-L${idOf(line)}` }));
    } else choose(line);
  });

  /** Several lines are copied as a file has them, and not in the columns of the page. */
  box.addEventListener("copy", (event) => {
    const selected = lines().filter((line) => getSelection().containsNode(line, true));
    if (selected.length < 2) return;
    event.clipboardData.setData("text/plain", selected.map(textOf).join("\n"));
    event.preventDefault();
  });

  /** The next or previous line of a kind; where this page has none, the server knows. */
  function step(kind, forwards, elsewhere) {
    const all = lines();
    const from = here?.isConnected ? all.indexOf(here) : all.indexOf(firstVisible()) - (forwards ? 1 : 0);
    const ways = forwards ? all.slice(from + 1) : all.slice(0, Math.max(0, from)).reverse();
    const found = ways.find((line) => line.matches(kind));
    if (found) goTo(found);
    else elsewhere(all.at(forwards ? -1 : 0));
  }

  const stepToError = (forwards) =>
    step(".error:not(.beside)", forwards, (edge) => {
      const jump = forwards ? "error" : "previous-error";
      const isAll = byId(forwards ? "log-later" : "log-earlier").hidden;
      if (edge && !isAll) visit({ jump, from: idOf(edge), at: null, before: null, hash: "" });
    });

  async function stepToFound(forwards) {
    const name = forwards ? "later" : "earlier";
    step("li:has(mark)", forwards, async () => {
      if (byId(`log-${name}`).hidden) return;
      await loadMore(name);
      step("li:has(mark)", forwards, () => {});
    });
  }

  function goToTop() {
    if (byId("log-earlier").hidden) box.scrollTop = 0;
    else visit({ at: null, before: null, from: "start", hash: "" });
  }

  async function copyAddress(line) {
    if (!line) return;
    const address = addressWith({ at: idOf(line), before: null, from: null, hash: `L${idOf(line)}` });
    history.replaceState(null, "", address);
    choose(line);
    await copyText(address); // where that is not allowed, the address bar has it
  }

  const keys = {
    e: () => stepToError(true),
    E: () => stepToError(false),
    n: () => stepToFound(true),
    N: () => stepToFound(false),
    G: follow,
    f: follow,
    w: () => box.classList.toggle("unwrapped"),
    y: () => copyAddress(here ?? firstVisible()),
  };
  let chord = 0; // when g was pressed: what follows belongs to it
  document.addEventListener("keydown", (event) => {
    if (!isSingleKey(event)) return;
    const isSecond = Date.now() - chord < CHORD_MS;
    chord = !isSecond && event.key === "g" ? Date.now() : 0;
    if (isSecond && event.key === "g") goToTop();
    else if (isSecond || !(event.key in keys)) return;
    else keys[event.key]();
    event.preventDefault();
  });

  /** After the page fetched another stretch of the log. */
  function reopen() {
    here = null;
    unseen = 0;
    showUnseen();
    box.scrollTop = 0;
    goWhereTheAddressPoints();
  }

  goWhereTheAddressPoints();
  addEventListener("hashchange", goWhereTheAddressPoints);
  box.addEventListener("scroll", () => unseen && showUnseen(), { passive: true });
  return { catchUp, reopen };
}

/** Whether one line's time is after another's. Times of day are never half a day apart, so it holds across midnight. */
function isLater(line, other) {
  const distance = secondsOf(line) - secondsOf(other);
  if (/^[+−]/.test(timeOf(line))) return distance > 0; // counted from the start, without end
  return ((distance + 1.5 * DAY) % DAY) - DAY / 2 > 0;
}

/** What a line says, folded parts too; the words that stand for these are left out. */
function textOf(line) {
  const whole = line.cloneNode(true);
  for (const words of whole.querySelectorAll("summary")) words.remove();
  return [...whole.children].map((part) => part.textContent).join(" ");
}

const timeOf = (line) => line.querySelector("a").textContent;

function secondsOf(line) {
  const time = timeOf(line);
  const [hours, minutes, seconds] = time.replace(/^[+−]/, "").split(":").map(Number);
  return ((hours * 60 + minutes) * 60 + seconds) * (time.startsWith("−") ? -1 : 1);
}
