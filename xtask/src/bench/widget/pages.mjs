// The pages that are compared: a heading, and what asks for consent to three purposes. Each peer is set up as its own documentation
// says, and told to ask at once.

const PURPOSES = { store: "Keep my details", marketing: "Send me the newsletter", events: "Invite me to test rides" };

const names = Object.keys(PURPOSES);

const page = (head, body) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>A form</title>
<link rel="icon" href="data:,">
${head}
<h1>A form</h1>
${body}`;

const script = (text) => `<script>${text}</script>`;

/** What peers are: the folder that is served, the page, and how one knows the first thing that can be ticked or pressed. */
export function peers(folder) {
  const installed = (name) => `${folder}/node_modules/${name}`;
  return {
    "vanilla-cookieconsent": {
      files: installed("vanilla-cookieconsent/dist"),
      selector: "#cc-main input[type=checkbox]:not(:disabled), #cc-main button",
      html: page(
        '<link rel="stylesheet" href="/cookieconsent.css">',
        `<script src="/cookieconsent.umd.js"></script>${script(
          `CookieConsent.run(${JSON.stringify({
            // It would hide from a browser that is driven by a program.
            hideFromBots: false,
            categories: Object.fromEntries(names.map((name) => [name, {}])),
            language: {
              default: "en",
              translations: {
                en: {
                  consentModal: { title: "May we?", acceptAllBtn: "Yes", acceptNecessaryBtn: "No", showPreferencesBtn: "Choose" },
                  preferencesModal: {
                    title: "Choose",
                    acceptAllBtn: "Yes",
                    acceptNecessaryBtn: "No",
                    savePreferencesBtn: "Send",
                    sections: names.map((name) => ({ title: PURPOSES[name], description: PURPOSES[name], linkedCategory: name })),
                  },
                },
              },
            },
          })}).then(() => CookieConsent.showPreferences())`,
        )}`,
      ),
    },
    klaro: {
      files: installed("klaro/dist"),
      selector: ".klaro input[type=checkbox]:not(:disabled)",
      html: page(
        "",
        `${script(
          `window.klaroConfig = ${JSON.stringify({
            lang: "en",
            mustConsent: true,
            services: names.map((name) => ({ name, title: PURPOSES[name], purposes: [name] })),
          })}`,
        )}<script src="/klaro.js"></script>`,
      ),
    },
    tarteaucitronjs: {
      files: installed("tarteaucitronjs"),
      selector: "#tarteaucitronAlertBig button, #tarteaucitron button",
      html: page(
        "",
        `<script src="/tarteaucitron.min.js"></script>${script(
          `tarteaucitron.init({ orientation: "middle", highPrivacy: true, showAlertSmall: false, cookieslist: false });
           tarteaucitron.job = ["youtube", "vimeo", "dailymotion"];`,
        )}`,
      ),
    },
    "cookieconsent (osano)": {
      files: installed("cookieconsent/build"),
      selector: ".cc-btn",
      html: page(
        '<link rel="stylesheet" href="/cookieconsent.min.css">',
        `<script src="/cookieconsent.min.js"></script>${script('window.cookieconsent.initialise({ type: "opt-in" })')}`,
      ),
    },
  };
}

/** Room for the boxes, so that nothing below moves when they come; more than they need, and it stays. */
const ROOM = "<style>say-so { display: block; min-block-size: 32rem; }</style>";

/** The same page with ours on it. `words` is the query by which the script brings the words along. */
export const ours = (collector, words) =>
  page(
    `${ROOM}<script type="module" src="${collector}/say-so.js${words}"></script>`,
    `<form action="/subscribe" method="post">
  <label>E-mail <input type="email" name="email" required></label>
  <say-so site="demo" form="newsletter" email-field="email"></say-so>
  <button>Send</button>
</form>`,
  );

/** The same page with nothing to ask: what any page costs. */
export const nothing = page("", "");
