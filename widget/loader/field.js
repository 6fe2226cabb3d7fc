// The boxes as a field of the host form: its value, whether it is valid, and what the browser keeps of it when the page is left.

/** Tells the browser what is ticked in `shown`; `form` are the words, `sent` the ids of what was sent of it. */
export function report(internals, shown, form, sent) {
  const data = new FormData();
  const boxes = boxesOf(shown);
  for (const { name, checked } of boxes) data.append(`sayso-${name}`, checked ? "yes" : "no");
  const ticked = boxes.filter(({ checked }) => checked).map(({ name }) => name);
  const state = JSON.stringify({ notice: form?.notice.hash, ticked, email: shown?.email?.value, sent });
  internals.setFormValue(data, state);

  const [missing] = lacking(shown);
  if (missing) internals.setValidity({ valueMissing: true }, form.labels.needed, missing);
  else internals.setValidity({});
  for (const box of boxes) if (box.required && box.checked) box.ariaInvalid = "false";
}

/** Ticks again what was ticked in a `state` from before, if the words are the same. Whether it was for these words. */
export function restore(state, shown, form) {
  const { notice, ticked, email } = state ?? {};
  if (notice !== form.notice.hash) return false;
  for (const box of boxesOf(shown)) box.checked = ticked.includes(box.name);
  if (shown.email) shown.email.value = email ?? "";
  return true;
}

/** The boxes that can be ticked; none before they are shown. */
export const boxesOf = (shown) => [...(shown?.boxes.querySelectorAll("input[type=checkbox]") ?? [])];

/** The conditions of the service that are not ticked. */
export const lacking = (shown) => boxesOf(shown).filter(({ required, checked }) => required && !checked);
