/* New rows do not push away what somebody reads or points at: they wait behind a button, and the others are renewed. */

/** True when rows were held back. The reader who is at the top, with the mouse elsewhere, gets them at once. */
export async function hold(part, fresh, { load, morph }) {
  document.getElementById("held")?.remove();
  const rows = part.querySelector("tbody");
  const present = (row) => document.getElementById(row.id);
  const freshRows = [...fresh.querySelectorAll("tbody tr")];
  const waiting = freshRows.filter((row) => !present(row)).length;
  const isRead = rows && (scrollY > 40 || rows.matches(":hover, :focus-within"));
  if (!waiting || !isRead) return false;

  for (const row of freshRows) if (present(row)) await morph(present(row), row);
  part.prepend(showButton(waiting, () => load(part.dataset.part)));
  return true;
}

function showButton(waiting, show) {
  const button = document.createElement("button");
  Object.assign(button, { id: "held", className: "held", textContent: `${waiting} new · show` });
  button.onclick = () => {
    button.remove();
    scrollTo(0, 0);
    document.activeElement.blur();
    show();
  };
  return button;
}
