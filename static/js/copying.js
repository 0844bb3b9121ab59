/* Buttons that copy: `data-copy` has the text, `data-copy-of` the name of the element whose text it is. */

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-of]");
  if (!button) return;
  const text = button.dataset.copy ?? byId(button.dataset.copyOf)?.textContent ?? "";
  const words = button.textContent;
  button.textContent = (await copyText(text)) ? "Copied" : "Not copied";
  setTimeout(() => (button.textContent = words), 1500);
});

/** Browsers give the clipboard to pages over TLS and on this machine alone; elsewhere a selection is copied. */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}
