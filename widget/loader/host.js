// The form around an element: when it is truly sent, and nothing else. It holds no form up.
//
// A form that sends itself fires `submit`, then `formdata`, and leaves. A script that sends it prevents the first and may never cause
// the second. A form that finds a mistake by script prevents `submit` too. So: what is chosen is read when `submit` comes, before any script
// may have emptied the form; what leaves is sent at once; what was prevented is sent when all listeners have run and the form shows no
// mistake.

const MISTAKE = ":invalid, [aria-invalid=true]";

/**
 * Hears `form` until `signal` is aborted. `reads()` gives what is chosen now, if there is anything to send; `sends(act)` sends it;
 * `fills(formData)` adds what the form should carry; `names()` is the id that it then carries.
 */
export function hear(form, signal, { reads, sends, fills, names }) {
  let waiting; // `{event, act}` of the last `submit`, until it is followed

  const follow = () => {
    const { act } = waiting;
    waiting = undefined;
    if (act) sends(act);
  };

  const submits = (event) => {
    const mine = (waiting = { event, act: reads() });
    setTimeout(() => {
      if (waiting !== mine) return;
      if (event.defaultPrevented && form.querySelector(MISTAKE)) waiting = undefined;
      else follow();
    });
  };

  const collects = ({ formData }) => {
    const leaves = waiting && waiting.event.eventPhase === Event.NONE && !waiting.event.defaultPrevented;
    if (leaves) follow();
    fills(formData);
  };

  // `form.submit()` of a script fires no `submit`. Where the browser tells that a page is being left, it tells with which fields.
  const leaves = ({ formData, destination }) => {
    const fields = formData ?? new URL(destination.url).searchParams;
    const id = fields.get("sayso-submission");
    if (id && id === names()) sends(reads());
  };

  form.addEventListener("submit", submits, { signal, capture: true });
  form.addEventListener("formdata", collects, { signal });
  globalThis.navigation?.addEventListener("navigate", leaves, { signal });
  addEventListener("pagehide", () => waiting && follow(), { signal });
}
