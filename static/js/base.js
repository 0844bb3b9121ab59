/* When the scripts of a page begin, and what they share. They are joined into one file and one scope, so each name at the
   top of one is unique. */

const root = document.documentElement;
const byId = (id) => document.getElementById(id);

const IDLE_MS = 500; // for which what nobody waits for is put off at most

/** What nobody waits for is done when the page has been shown and has nothing else to do; of a tab that is not looked at,
    soon. Never before the scripts that begin now are through. */
function whenShown(act) {
  if (document.hidden) setTimeout(act);
  else if (!window.requestIdleCallback) requestAnimationFrame(() => setTimeout(act));
  else requestAnimationFrame(() => requestIdleCallback(() => act(), { timeout: IDLE_MS }));
}

/** The other scripts begin when the page has been shown: it is read and used without them, and a browser that waits for
    them shows it later. Nobody waits for this file either, so the page may still be read when it comes. */
function begin(others) {
  const start = () => {
    others();
    performance.mark("scripts have begun");
  };
  // A log is opened where its reader wants to be, if it can be before anybody sees it; a form hears from the first letter
  // on; and a page in the zone of nobody is made again before somebody does anything there.
  const isWaitedFor = () => document.querySelector("#log, form[data-schema-form]") || !document.cookie.includes("browser_zone=");
  const startInTime = () => (isWaitedFor() ? start() : whenShown(start));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startInTime, { once: true });
  else startInTime();
}

/** The body of what the server answers to this path below its root; null when it does not answer. */
async function bodyOf(path) {
  const response = await fetch(root.dataset.root + path).catch(() => null);
  return response?.ok ? new DOMParser().parseFromString(await response.text(), "text/html").body : null;
}
