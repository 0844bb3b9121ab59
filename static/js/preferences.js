/* The zone of the times: the browser tells the server which one it is in, and `t` switches to UTC and back. */

const COOKIE_SECONDS = 365 * 24 * 3600;
const cookieNamed = (name) => document.cookie.split("; ").find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";

function setCookie(name, value) {
  const age = value ? COOKIE_SECONDS : 0;
  document.cookie = `${name}=${value}; path=/; max-age=${age}; samesite=lax`;
}

/** Once for each browser: the page was made in UTC, and is made again in the zone of its reader. */
function tellZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  if (cookieNamed("browser_zone") === zone) return;
  setCookie("browser_zone", zone);
  const wasKept = cookieNamed("browser_zone") === zone;
  if (wasKept && !cookieNamed("zone") && zone !== root.dataset.zone) location.reload();
}

function switchZone() {
  const chosen = cookieNamed("zone");
  try {
    if (chosen !== "UTC") localStorage.setItem("zone", chosen);
    setCookie("zone", chosen === "UTC" ? (localStorage.getItem("zone") ?? "") : "UTC");
  } catch {
    setCookie("zone", chosen === "UTC" ? "" : "UTC");
  }
  location.reload();
}

if (cookieNamed("browser_zone")) whenShown(tellZone); // it is seldom another one, and takes long to find out
else tellZone();

// --- A failure shows in the tab, also while another tab is in front: a part says so by `data-alarm` ----------------

function showAlarm() {
  const part = document.querySelector("[data-alarm]");
  const icon = byId("favicon");
  if (!part || !icon) return;
  const [from, to] = part.dataset.alarm === "0" ? ["b91c1c", "1d4ed8"] : ["1d4ed8", "b91c1c"];
  if (icon.href.includes(from)) icon.href = icon.href.replace(from, to);
}

if (document.querySelector("[data-alarm]")) {
  showAlarm();
  new MutationObserver(showAlarm).observe(byId("main"), { subtree: true, childList: true, attributeFilter: ["data-alarm"] });
}
