/* New rows do not push away what somebody reads or points at: they wait behind a button, and the others are renewed. */

/** True when rows were held back. The reader who is at the top, with the mouse elsewhere, gets them at once. */
function hold(part, fresh) {
  byId("held")?.remove();
  const rows = part.querySelector("tbody:has(> tr[id])"); // a chart has a table as well
  const freshRows = [...fresh.querySelectorAll("tbody > tr[id]")];
  const waiting = freshRows.filter((row) => !byId(row.id)).length;
  const isChosen = rows?.querySelector("input:checked, tr.here");
  const isRead = rows && (scrollY > 40 || isChosen || rows.matches(":hover, :focus-within"));
  if (!isRead) return false;

  const now = new Set(freshRows.map((row) => row.id));
  if (!waiting && [...rows.rows].every((row) => now.has(row.id))) return false;
  for (const row of freshRows) if (byId(row.id)) morph(byId(row.id), row);
  for (const row of rows.rows) row.classList.toggle("gone", !now.has(row.id));
  const chips = part.querySelector("nav.chips");
  if (chips) morph(chips, fresh.querySelector("nav.chips"));
  if (waiting) part.prepend(showButton(waiting, () => load(part.dataset.part)));
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
