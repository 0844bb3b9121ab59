/* New rows do not push away what somebody reads or points at: they wait behind a button, and the others are renewed. */

/** True when rows were held back. The reader who is at the top, with the mouse elsewhere, gets them at once. */
function hold(part, fresh) {
  byId("held")?.remove();
  const rows = part.querySelector("tbody:has(> tr[id])"); // a chart has a table as well
  const shown = [...(rows?.rows ?? [])];
  const freshRows = [...fresh.querySelectorAll("tbody > tr[id]")];
  const isChosen = rows?.querySelector("input:checked, tr.here");
  const isRead = rows && (scrollY > 40 || isChosen || rows.matches(":hover, :focus-within"));
  const isSameOrder = shown.length === freshRows.length && shown.every((row, at) => row.id === freshRows[at].id);
  if (!isRead || isSameOrder) return false;

  const waiting = freshRows.filter((row) => !byId(row.id)).length;
  const now = new Set(freshRows.map((row) => row.id));
  for (const row of freshRows) if (byId(row.id)) morph(byId(row.id), row);
  // Of a full page, new rows push the last ones to the next page: those have not gone.
  const last = shown.findLastIndex((row) => now.has(row.id));
  const isPushed = (at) => at > last && at >= shown.length - waiting && fresh.querySelector("[rel=next]");
  shown.forEach((row, at) => row.classList.toggle("gone", !now.has(row.id) && !isPushed(at)));
  const chips = part.querySelector("nav.chips");
  if (chips) morph(chips, fresh.querySelector("nav.chips"));
  if (waiting) part.prepend(showButton(waiting, () => load(part.dataset.part, { holds: false })));
  return true;
}

function showButton(waiting, show) {
  const button = document.createElement("button");
  Object.assign(button, { id: "held", type: "button", className: "held", textContent: `${waiting} new · show` });
  button.onclick = () => {
    button.remove();
    scrollTo(0, 0);
    document.activeElement.blur();
    for (const box of document.querySelectorAll("td.pick :checked")) box.checked = false;
    document.querySelector("tr.here")?.classList.remove("here");
    changedSelection();
    show();
  };
  return button;
}
