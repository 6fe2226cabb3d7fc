// The form around an element: when it is truly sent, and nothing else. It holds no form up.
//
// A form that sends itself fires `submit`, then `formdata`, and leaves. A script that sends it prevents the first and may never cause
// the second. A form that finds a mistake by script prevents `submit` too. So: what leaves is sent at once, and what was prevented is
// sent when all listeners have run and the form shows no mistake.

const MISTAKE = ":invalid, [aria-invalid=true]";

/**
 * Hears `form` until `signal` is aborted: `sends()` sends, `fills(formData)` adds what the form should carry, and `intends()` is the
 * id of the submission that it then names.
 */
export function hear(form, signal, { sends, fills, intends }) {
  let submitting; // the last `submit` event that has not been followed yet

  const follow = () => {
    submitting = undefined;
    sends();
  };

  form.addEventListener(
    "submit",
    (event) => {
      submitting = event;
      setTimeout(() => {
        if (submitting === event && !(event.defaultPrevented && form.querySelector(MISTAKE))) follow();
      });
    },
    { signal, capture: true },
  );

  form.addEventListener(
    "formdata",
    ({ formData }) => {
      const leaves = submitting && submitting.eventPhase === Event.NONE && !submitting.defaultPrevented;
      if (leaves) follow();
      fills(formData);
    },
    { signal },
  );

  // `form.submit()` of a script fires no `submit`. Where the browser tells that a page is being left, it tells with which fields.
  globalThis.navigation?.addEventListener(
    "navigate",
    ({ formData, destination }) => {
      const named = formData ?? new URL(destination.url).searchParams;
      if (named.get("sayso-submission") === intends()) sends();
    },
    { signal },
  );
}
