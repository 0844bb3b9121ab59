/* Forms made from a schema. Their buttons post the form and get it back with a row more or less: here the page stays,
   and only the form is changed. What differs from its default is marked while it is typed, and what follows from the
   form, such as the next times of a schedule, is shown anew. */

const PREVIEW_PAUSE_MS = 500;
const schemaFormOf = (element) => element.closest?.("form[data-schema-form]");

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-again]");
  const form = button && schemaFormOf(button);
  if (!form) return;
  event.preventDefault();
  postAgain(form, button);
});

async function postAgain(form, button) {
  const page = await postedForm(form, button);
  const fresh = page?.querySelector("form[data-schema-form]");
  if (!fresh) return form.requestSubmit(button);
  Idiomorph.morph(form, fresh, { ignoreActiveValue: true });
  const next = form.querySelector("[autofocus]");
  next?.focus();
  next?.select?.();
}

async function postedForm(form, button) {
  const body = new URLSearchParams(new FormData(form));
  body.set(button.name, button.value);
  try {
    const response = await fetch(form.action, { method: "POST", body, credentials: "same-origin" });
    return response.ok ? new DOMParser().parseFromString(await response.text(), "text/html") : null;
  } catch {
    return null;
  }
}

/** A browser sends nothing for what it cannot read, such as half a date: then it is asked for, instead of left out. */
document.addEventListener("submit", (event) => {
  const unread = schemaFormOf(event.target) && [...event.target.elements].find((one) => one.validity?.badInput);
  if (!unread) return;
  event.preventDefault();
  unread.reportValidity();
});

document.addEventListener("change", ({ target }) => {
  if (target.matches?.("select.kind") && schemaFormOf(target)) target.parentElement.querySelector(".show").click();
});

let previewing = 0;
document.addEventListener("input", ({ target }) => {
  const form = schemaFormOf(target);
  if (!form) return;
  const none = target.closest(".field")?.querySelector(":scope > .none input");
  if (none && none !== target) none.checked = false;
  if (none === target && none.checked) target.closest(".field").querySelector("input, textarea").value = "";
  markChanged(target.closest("[data-default]"));
  if (!form.dataset.preview) return;
  clearTimeout(previewing);
  previewing = setTimeout(() => preview(form), PREVIEW_PAUSE_MS);
});

function markChanged(field) {
  const control = field?.querySelector("input:checked[type=radio], textarea, select, input:not([type=radio])");
  if (!control) return;
  const value = control.type === "checkbox" ? String(control.checked) : control.value;
  field.classList.toggle("changed", value !== field.dataset.default);
}

async function preview(form) {
  const fresh = (await postedForm(form, { name: "preview", value: "1" }))?.getElementById(form.dataset.preview);
  if (fresh) Idiomorph.morph(byId(form.dataset.preview), fresh);
}
