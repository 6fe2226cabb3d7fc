// For bots: asks within a conversation, and tells what came of it.

import { failure } from "./trouble.js";

/**
 * Appends the question to the element `into` and resolves with `{submission, state, receipt, choices}` once it is answered; `state` is
 * `stored`, or `queued` where it is not stored yet. Is rejected with an Error whose `reason` says why there is no answer: `form` (it cannot be
 * shown), `attribute`, `network`, `wasm` (the page lets none run: there is a link instead), `refused` or `removed`.
 */
export function ask(question) {
  return new Promise((resolve, reject) => pose(question, resolve, reject));
}

/** The same, telling all that comes of it: `answered` whenever it is stored or queued, `failed` whenever the person cannot mend why it is not. */
function pose({ into, ...attributes }, answered, failed) {
  const element = document.createElement("say-so");
  element.setAttribute("mode", "chat");
  for (const [name, value] of Object.entries(attributes)) if (value != null) element.setAttribute(name, value);
  for (const state of ["stored", "queued"]) {
    element.addEventListener(`say-so:${state}`, ({ detail: { submission, receipt, choices } }) => answered({ submission, state, receipt, choices }));
  }
  const taken = () => failed(failure("removed"));
  element.addEventListener("say-so:removed", taken);
  element.addEventListener("say-so:error", ({ detail }) => {
    if (element.asks && detail.reason !== "refused") return;
    failed(failure(detail.reason, detail));
    if (element.asks || detail.reason === "wasm") return;
    element.removeEventListener("say-so:removed", taken);
    element.remove();
  });
  into.append(element);
}

/**
 * Answers chats in frames of exactly these `origins`: `{type: "say-so:ask", id, form, conversation, lang}` asks in the element `into`, for
 * `site`; the frame that asked, and no other, hears `{type: "say-so:outcome", id, …}`, and again when something else has come of it. The same
 * `id` again is the same question. Gives a function that stops it.
 */
export function answerFrames({ origins, site, into }) {
  if (origins.some((origin) => !/^https?:/.test(origin))) {
    throw new TypeError("say-so: origins are like https://chat.example; every sandboxed frame calls itself null");
  }
  const frames = new WeakMap(); // of each, what came of its questions
  const heard = ({ data, origin, source }) => {
    const { type, id, form, conversation, lang } = data ?? {};
    if (type !== "say-so:ask" || typeof id !== "string" || typeof form !== "string" || !origins.includes(origin) || !source) return;
    const tell = (outcome) => source.postMessage({ type: "say-so:outcome", id, ...outcome }, { targetOrigin: origin });
    const asked = frames.get(source) ?? new Map();
    frames.set(source, asked);
    // A frame that is loaded anew is the same `source`: another conversation is another question, whatever its id.
    const question = JSON.stringify([origin, id, form, conversation]);
    if (asked.has(question)) {
      if (asked.get(question)) tell(asked.get(question));
      return;
    }
    asked.set(question, undefined);
    const answered = (outcome) => {
      asked.set(question, outcome);
      tell(outcome);
    };
    const failed = ({ reason }) => {
      const answer = asked.get(question);
      if (reason === "removed" && answer) return;
      // Where a link stands in place of the boxes, or the boxes still do, it is not asked twice; else it may be asked anew.
      if (reason === "wasm" || reason === "refused") asked.set(question, { error: reason });
      else asked.delete(question);
      tell({ error: reason });
    };
    pose({ into, site, form, conversation, lang }, answered, failed);
  };
  addEventListener("message", heard);
  return () => removeEventListener("message", heard);
}
