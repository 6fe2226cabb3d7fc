// For bots: asks within a conversation, and tells what came of it.

import { failure } from "./trouble.js";

/**
 * Appends the question to the element `into` and resolves with `{submission, state, receipt, choices}` once it is answered; `state` is
 * `stored`, or `queued` where it is not stored yet. Is rejected with an Error whose `reason` says why there is no answer: `form` (it cannot be
 * shown), `attribute`, `network`, `wasm` (the page lets none run: there is a link instead), or `removed`.
 */
export function ask(question) {
  return new Promise((resolve, reject) => pose(question, resolve, reject));
}

/** The same, telling each outcome: a choice that was `queued` is `stored` later, and may be changed. */
function pose({ into, ...attributes }, answered, failed) {
  const element = document.createElement("say-so");
  element.setAttribute("mode", "chat");
  for (const [name, value] of Object.entries(attributes)) if (value != null) element.setAttribute(name, value);
  for (const state of ["stored", "queued"]) {
    element.addEventListener(`say-so:${state}`, ({ detail: { submission, receipt, choices } }) => answered({ submission, state, receipt, choices }));
  }
  element.addEventListener("say-so:removed", () => failed(failure("removed")));
  element.addEventListener("say-so:error", ({ detail }) => {
    if (element.asks) return; // the person can mend it
    failed(failure(detail.reason, detail));
    if (detail.reason !== "wasm") element.remove();
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
  const frames = new WeakMap(); // of each, what came of its questions by their ids
  const heard = ({ data, origin, source }) => {
    const { type, id, form, conversation, lang } = data ?? {};
    if (type !== "say-so:ask" || typeof id !== "string" || typeof form !== "string" || !origins.includes(origin) || !source) return;
    const tell = (outcome) => source.postMessage({ type: "say-so:outcome", id, ...outcome }, { targetOrigin: origin });
    const asked = frames.get(source) ?? new Map();
    frames.set(source, asked);
    if (asked.has(id)) {
      if (asked.get(id)) tell(asked.get(id));
      return;
    }
    asked.set(id, undefined);
    const answered = (outcome) => {
      asked.set(id, outcome);
      tell(outcome);
    };
    const failed = ({ reason }) => {
      if (asked.get(id)) return;
      asked.delete(id); // it may be asked anew
      tell({ error: reason });
    };
    pose({ into, site, form, conversation, lang }, answered, failed);
  };
  addEventListener("message", heard);
  return () => removeEventListener("message", heard);
}
