// Within Typebot: its block "Embed" shows this page as a bubble of the conversation, and with "Wait for event" the bot goes on when
// the page says so. See widget/CHAT.md.

import { ask } from "__COLLECTOR__/say-so.js";

const BOT = "__PAGES__"; // origin of the page in which the bot is: nobody else may frame this page (frame-ancestors) or hear it

const conversation = new URLSearchParams(location.search).get("conversation");
const into = document.querySelector("#question");

ask({ into, site: "demo", form: "chat", conversation }).then(
  ({ state }) => tell(state),
  () => tell("none"), // the console says why; the bot must not wait for ever
);

// What it says becomes a variable on Typebot's server: that there is an answer, never which, and no address.
function tell(state) {
  parent.postMessage({ name: "sayso", data: state }, BOT);
}
