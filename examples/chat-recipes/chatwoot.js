// Beside Chatwoot. Its conversation is a frame of another origin, in which nothing can be put; but it tells the page each message. So a
// message that holds the address of the form on its own page is the question: here it is asked at once, and everywhere else (a phone that the
// chat covers, an e-mail, WhatsApp) the same address opens the same boxes. See widget/CHAT.md.

import { ask } from "__COLLECTOR__/say-so.js";

const ADDRESS = "__COLLECTOR__/f/demo/chat"; // what a canned response or a bot sends

const asked = new Set();

addEventListener("chatwoot:on-message", async ({ detail: { content, conversation_id } }) => {
  if (!content?.includes(ADDRESS) || asked.has(conversation_id)) return;
  asked.add(conversation_id);
  const into = document.querySelector("#question");
  try {
    const { state, submission } = await ask({ into, site: "demo", form: "chat", conversation: `chatwoot-${conversation_id}` });
    tell(state, submission);
    if (state === "queued") into.addEventListener("say-so:stored", () => tell("stored", submission), { once: true });
  } catch {
    asked.delete(conversation_id); // the console says why; the address in the message still works
  }
});

/** What the agent reads beside the conversation: that there is an answer and its number, never which. */
function tell(state, submission) {
  window.$chatwoot.setConversationCustomAttributes({ sayso: state, sayso_submission: submission });
}
