/* The log only grows: each line is added once and where its time belongs, and a reader at the end follows. */

const MOST_LINES = 2000; // kept while following; older ones are a page back
const LINE = /^L[0-9a-f-]{36}$/;
const DAY = 86400; // seconds

export function openLog(box, { fetchPart, morph }) {
  let unseen = 0;

  const isAtEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < 24;
  const goToEnd = () => {
    box.scrollTop = box.scrollHeight;
  };

  /** Fetch and add what arrived since. An old stretch of the log does not grow. */
  async function catchUp() {
    if (!("after" in box.dataset)) return;
    const fresh = await fetchPart("logs", { after: box.dataset.after });
    if (!fresh) return;
    const counts = fresh.querySelector("#log-levels");
    const shown = document.getElementById("log-levels");
    if (counts && !shown.isEqualNode(counts)) await morph(shown, counts);
    const arrivals = fresh.querySelector("#arrivals");
    add([...arrivals.children]);
    box.dataset.after = arrivals.dataset.after;
    if ("more" in arrivals.dataset) await catchUp();
  }

  function add(lines) {
    const follows = isAtEnd();
    const eye = firstVisible();
    const before = eye?.offsetTop;
    for (const line of lines) {
      if (document.getElementById(line.id)) continue;
      box.insertBefore(line, firstLaterThan(line));
      if (!follows) unseen += 1;
    }
    if (box.firstElementChild) document.getElementById("log-empty")?.remove();
    if (follows) {
      while (box.children.length > MOST_LINES) box.firstElementChild.remove();
      goToEnd();
    } else if (eye) {
      box.scrollTop += eye.offsetTop - before; // the lines under the eye stay there
    }
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
    let button = document.getElementById("unseen");
    if (!unseen) return button?.remove();
    if (!button) {
      button = Object.assign(document.createElement("button"), { id: "unseen", className: "held" });
      button.onclick = () => {
        goToEnd();
        showUnseen();
      };
      box.after(button);
    }
    button.textContent = `${unseen} new line${unseen === 1 ? "" : "s"} · follow`;
  }

  function goWhereTheAddressPoints() {
    const line = location.hash.slice(1);
    if (LINE.test(line) && !document.getElementById(line) && !new URLSearchParams(location.search).has("at")) {
      location.replace(`?at=${line.slice(1)}#${line}`); // it is not in this stretch of the log
    } else if ("follow" in box.dataset && !line) goToEnd();
  }

  goWhereTheAddressPoints();
  box.addEventListener("scroll", () => unseen && showUnseen(), { passive: true });
  return { catchUp };
}

/** Whether one line's time of day is after another's; lines are never half a day apart, so it holds across midnight. */
function isLater(line, other) {
  const distance = secondsOf(line) - secondsOf(other);
  return ((distance + 1.5 * DAY) % DAY) - DAY / 2 > 0;
}

function secondsOf(line) {
  const [hours, minutes, seconds] = line.querySelector("a").textContent.split(":").map(Number);
  return (hours * 60 + minutes) * 60 + seconds;
}
