/* Events open between the rows of their list; the address remembers which. Without this, their links lead to a page. */

async function toggleEvent(link) {
  const number = link.dataset.event;
  const opened = byId(`o${number}`);
  const address = new URL(location.href);
  const others = address.searchParams.getAll("open").filter((one) => one !== number);
  address.searchParams.delete("open");
  for (const one of opened ? others : [...others, number]) address.searchParams.append("open", one);
  history.replaceState(history.state, "", address);
  link.setAttribute("aria-expanded", String(!opened));
  if (opened) return opened.remove();
  const response = await fetch(`${link.href}?fragment=detail`, { credentials: "same-origin" });
  if (!response.ok) return location.assign(link.href);
  const table = new DOMParser().parseFromString(`<table>${await response.text()}</table>`, "text/html");
  if (!byId(`o${number}`)) byId(`e${number}`)?.after(table.querySelector("tr"));
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-event]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  toggleEvent(link);
});
