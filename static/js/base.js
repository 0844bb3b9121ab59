/* What all scripts share. They are joined into one file and one scope, so each name at the top of one is unique. */

const root = document.documentElement;
const byId = (id) => document.getElementById(id);

/** What nobody waits for is done when the page has been shown; of a tab that is not looked at, at once. */
function whenShown(act) {
  if (document.hidden) act();
  else requestAnimationFrame(() => setTimeout(act));
}

/** The body of what the server answers to this path below its root; null when it does not answer. */
async function bodyOf(path) {
  const response = await fetch(root.dataset.root + path).catch(() => null);
  return response?.ok ? new DOMParser().parseFromString(await response.text(), "text/html").body : null;
}
