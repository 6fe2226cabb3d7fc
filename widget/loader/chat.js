// For bots: asks within a conversation, and tells what came of it.

import { failure } from "./trouble.js";

/**
 * Appends the question to the element `into` and resolves with `{submission, state, receipt, choices}` once it is answered; is rejected
 * with an Error whose `reason` says why there is no answer: `form` (it cannot be shown), `network`, `attribute`, or `removed`.
 */
export function ask({ into, ...attributes }) {
  const element = document.createElement("say-so");
  element.setAttribute("mode", "chat");
  for (const [name, value] of Object.entries(attributes)) if (value != null) element.setAttribute(name, value);
  return new Promise((resolve, reject) => {
    const answered = ({ detail: { submission, receipt }, type }) =>
      resolve({ submission, state: type.slice("say-so:".length), receipt, choices: element.choices });
    element.addEventListener("say-so:stored", answered);
    element.addEventListener("say-so:queued", answered);
    element.addEventListener("say-so:error", ({ detail }) => {
      if (!element.asks) reject(failure(detail.reason, detail));
    });
    element.addEventListener("say-so:removed", () => reject(failure("removed")));
    into.append(element);
  });
}

/**
 * Answers chats in frames of exactly these `origins`: `{type: "say-so:ask", id, form, conversation, lang}` asks in the element `into`, for
 * `site`; the frame that asked, and no other, hears `{type: "say-so:outcome", id, …}`. Gives a function that stops it.
 */
export function answerFrames({ origins, site, into }) {
  const heard = async ({ data, origin, source }) => {
    if (data?.type !== "say-so:ask" || !origins.includes(origin) || !source) return;
    const { id, form, conversation, lang } = data;
    const outcome = await ask({ into, site, form, conversation, lang }).catch(({ reason }) => ({ error: reason }));
    source.postMessage({ type: "say-so:outcome", id, ...outcome }, { targetOrigin: origin });
  };
  addEventListener("message", heard);
  return () => removeEventListener("message", heard);
}
