// A chat as another company would host it: it loads nothing of Sayso and sees no address and no box. It asks the page around it, and
// hears what came of it. Everything but `ask` is a stand-in for your own chat.

const PAGE = "__PAGES__"; // the one page that may show this chat, and that is asked

/**
 * Asks the page around this frame; `hear` is given `{submission, state, receipt, choices}`, twice where the first `state` is `queued`, or `{error}`
 * where the question came to nothing.
 */
function ask(form, hear) {
  const id = crypto.randomUUID();
  addEventListener("message", ({ origin, source, data }) => {
    if (origin === PAGE && source === parent && data?.type === "say-so:outcome" && data.id === id) hear(data);
  });
  parent.postMessage({ type: "say-so:ask", id, form, conversation, lang: "nl" }, PAGE);
}

// Ties the consent to the conversation: use the id that your chat already has.
const conversation = crypto.randomUUID();

const ANSWERS = [
  [/proefrit|testen|proberen/i, "Een proefrit kan van dinsdag tot en met zaterdag. Loop gerust binnen, of bel even vooraf: 0570 000 000."],
  [/prijs|kost|duur/i, "Een stadsfiets op maat begint bij 1.150 euro, een reisfiets bij 2.300 euro."],
  [/.*/s, "Goede vraag. Dat zoek ik uit met de werkplaats."],
];

const OUTCOMES = {
  stored: "Dank u wel, genoteerd. Kan ik nog iets doen?",
  queued: "Uw keuze is nog onderweg; uw browser blijft het proberen. Kan ik nog iets doen?",
};

const log = document.querySelector("#log");
const form = document.querySelector("#say");

function show(who, text) {
  const message = document.createElement("li");
  message.className = who;
  message.textContent = text;
  log.append(message);
  log.scrollTop = log.scrollHeight;
}

let asked = false;
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = form.elements.text.value.trim();
  if (!text) return;
  form.reset();
  show("person", text);
  show("bot", ANSWERS.find(([topic]) => topic.test(text))[1]);
  if (asked) return;
  asked = true;
  show("bot", "Hieronder staat nog een vraag van Wielrijk.");
  ask("chat", ({ state, error }) => {
    show("bot", error ? "De vraag kon niet getoond worden. Dat geeft niet: u krijgt net zo goed antwoord." : OUTCOMES[state]);
  });
});

show("bot", "Hoi, met Wielrijk! Waarmee kan ik helpen: een proefrit, een prijs, of een reparatie?");
