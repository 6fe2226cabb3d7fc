// A conversation with a scripted answerer in deep-chat, an open-source chat element. What matters for Sayso is `askConsent`: a message
// of the bot that holds the question, and what the bot says when it is answered. Everything else is a stand-in for your own bot.

import { ask } from "__COLLECTOR__/say-so.js";

const chat = document.createElement("deep-chat");

// Ties the consent to the conversation: use the id that your chat already has.
const conversation = crypto.randomUUID();

async function askConsent() {
  chat.addMessage({ role: "ai", html: '<div class="question"></div>' });
  const into = chat.shadowRoot.querySelector(".question");
  const { state } = await ask({ into, site: "demo", form: "chat", conversation, lang: "nl" });
  if (state === "queued") {
    say("Uw keuze is nog onderweg. Zodra ze er is, zeg ik het.");
    await new Promise((stored) => into.addEventListener("say-so:stored", stored, { once: true }));
  }
  say("Dank u wel, genoteerd. Kan ik nog iets doen?");
}

function say(text) {
  chat.addMessage({ role: "ai", text });
  chat.scrollToBottom();
}

const ANSWERS = [
  [/proefrit|testen|proberen/i, "Een proefrit kan van dinsdag tot en met zaterdag. Loop gerust binnen, of bel even vooraf: 0570 000 000."],
  [/prijs|kost|duur/i, "Een stadsfiets op maat begint bij 1.150 euro, een reisfiets bij 2.300 euro. Alles met vijf jaar garantie op het frame."],
  [/repar|kapot|onderhoud|lek/i, "Breng hem langs voor elf uur, dan is een kleine reparatie dezelfde dag klaar."],
  [/.*/s, "Goede vraag. Dat zoek ik uit met de werkplaats."],
];

chat.introMessage = { text: "Hoi, met Wielrijk! Waarmee kan ik helpen: een proefrit, een prijs, of een reparatie?" };

let asked = false;
chat.connect = {
  handler: async ({ messages }, signals) => {
    const question = messages.at(-1).text ?? "";
    const [, answer] = ANSWERS.find(([topic]) => topic.test(question));
    await signals.onResponse({ text: answer });
    if (!asked) {
      asked = true;
      askConsent().catch(() => say("Kan ik nog iets voor u doen?")); // the console says why there was no question
    }
  },
};

// The question is shown when its words have come: then it is worth scrolling to. The events leave deep-chat's shadow root.
chat.addEventListener("say-so:ready", (event) => event.composedPath()[0].scrollIntoView({ block: "nearest" }));

// deep-chat's messages are a plain list; as a log, a screen reader says what is added. On a slow device it draws its list twice and tells
// of the first time only, so the list is looked for anew before each message.
chat.onComponentRender = chat.onMessage = () => {
  const messages = chat.shadowRoot.querySelector("#messages");
  messages.role = "log";
  messages.ariaLabel = "Gesprek";
};

// deep-chat is styled by properties; the colours are the page's own.
Object.assign(chat, {
  chatStyle: {
    width: "100%",
    height: "min(42rem, 72vh)",
    borderRadius: "1rem",
    backgroundColor: "var(--card)",
    fontSize: "1rem",
  },
  messageStyles: {
    default: {
      shared: { bubble: { maxWidth: "85%", padding: "0.6rem 0.85rem", borderRadius: "0.9rem", lineHeight: "1.45" } },
      ai: { bubble: { backgroundColor: "var(--paper)", color: "inherit" } },
      user: { bubble: { backgroundColor: "var(--leaf)", color: "var(--on-leaf)" } },
    },
    html: { shared: { bubble: { width: "100%", maxWidth: "100%", boxSizing: "border-box", padding: "1rem" } } },
  },
  textInput: {
    placeholder: { text: "Typ uw vraag", style: { color: "var(--soft)" } },
    styles: {
      container: { backgroundColor: "var(--paper)", border: "1px solid var(--line)", borderRadius: "0.7rem", boxShadow: "none" },
      text: { color: "inherit" },
    },
  },
  submitButtonStyles: { submit: { svg: { styles: { default: { filter: "none" } } } } },
});
// With a font of its own it does not fetch one from Google.
chat.style.fontFamily = "inherit";
document.querySelector("#chat").append(chat);
