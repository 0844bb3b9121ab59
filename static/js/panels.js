/* What nobody sees before they ask for it, such as the form in a closed panel, is made when they do: it would be a tenth of
   the time in which a list is shown. Without scripts, it stands there anyway. */

function fill(holder) {
  const kept = holder?.querySelector(":scope > noscript");
  if (kept) kept.outerHTML = kept.textContent;
}

document.addEventListener("toggle", ({ target }) => target.open && fill(target), true);
document.addEventListener("change", ({ target }) => target.value || fill(target.closest(".time-range")?.querySelector(".between")));
document.querySelectorAll("details.panel[open]").forEach(fill); // opened before this was read
