/* What nobody sees before they ask for it, such as the form in a closed panel, is made when they do: to make many fields
   takes a browser longer than to show a few rows. Without scripts, it stands there anyway. */

function unfold(holder) {
  const kept = holder?.querySelector(":scope > noscript");
  if (kept) kept.outerHTML = kept.textContent;
}

document.addEventListener("toggle", ({ target }) => target.open && unfold(target), true);
document.addEventListener("change", ({ target }) => {
  if (!target.value) unfold(target.closest(".time-range")?.querySelector(".between"));
});
// What was opened and chosen before this was read.
document.querySelectorAll("details.panel[open]").forEach(unfold);
for (const choice of document.querySelectorAll(".time-range select")) {
  if (!choice.value) unfold(choice.closest(".time-range").querySelector(".between"));
}
