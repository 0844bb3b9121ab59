/* What all scripts share. They are joined into one file and one scope, so each name at the top of one is unique. */

const root = document.documentElement;
const byId = (id) => document.getElementById(id);

const IDLE_MS = 500; // for which what nobody waits for is put off at most

/** What nobody waits for is done when the page has been shown and has nothing else to do; of a tab that is not looked at,
    at once. */
function whenShown(act) {
  if (document.hidden) act();
  else if (!window.requestIdleCallback) requestAnimationFrame(() => setTimeout(act));
  else requestAnimationFrame(() => requestIdleCallback(() => act(), { timeout: IDLE_MS }));
}

/** The body of what the server answers to this path below its root; null when it does not answer. */
async function bodyOf(path) {
  const response = await fetch(root.dataset.root + path).catch(() => null);
  return response?.ok ? new DOMParser().parseFromString(await response.text(), "text/html").body : null;
}
