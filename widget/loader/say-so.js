// The <say-so> element. The page loads this file; it loads the rest.
//
// The boxes are drawn, and the choice is kept and sent, by the wasm module (Rust, in ../src). This class does what only a
// class in JavaScript can: be a form-associated element, hear the host form, and speak in DOM events. It holds up no
// form, shows a visitor no technical message, and tells the marketer in the console what to mend.
//
// The attribute `form` names a Sayso form. HTML gives that attribute another meaning on form-associated elements: the id of
// the form that owns them. An element with form="newsletter" inside a form without that id is owned by none, so the
// host form is found by looking up the tree, and given our fields by its `formdata` event instead of `setFormValue`.

// The build puts the names of the hashed files here.
const GLUE = new URL("__SAYSO_JS__", import.meta.url).href;
const WASM = new URL("__SAYSO_WASM__", import.meta.url).href;

/** The wasm module and the style sheet, one for all elements of the page. It is on its way before any element asks. */
const code = load();
code.catch(() => {}); // each element reports it for itself

async function load() {
  const wasm = fetch(WASM); // beside the glue, not after it
  wasm.catch(() => {});
  const glue = await import(GLUE);
  await glue.default({ module_or_path: wasm });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(glue.style());
  return { mount: glue.mount, sheet };
}

class SaySo extends HTMLElement {
  static formAssociated = true;
  static observedAttributes = ["site", "form", "lang", "mode", "email-field", "conversation", "collector"];

  #internals = this.attachInternals();
  #shadow = this.attachShadow({ mode: "open", delegatesFocus: true });
  #root; // what the wasm module draws in
  #widget; // its handle; undefined until the boxes are there
  #host; // the form that this element is in, or else beside
  #unsent = false; // the last try had no address to send with
  #showing = 0; // counts the times that boxes were asked for; only the last one counts
  #answer; // what came of the last submission
  #wasm; // the promise that `#answer` was made of

  // ---- For the page's own scripts

  /** `{PURPOSE: true | false}` as ticked now; empty until `say-so:ready`. */
  get choices() {
    return this.#widget?.choices() ?? {};
  }

  /**
   * Sends what is ticked. Resolves with `{submission, state, receipt}` once it is stored; is rejected with an Error whose
   * `reason` is `email`, `network`, `outdated`, `refused` or `not-ready`.
   */
  submit() {
    const widget = this.#widget;
    if (!widget) return Promise.reject(failure("not-ready"));
    const wasm = widget.submit(this.#emailField()?.value);
    if (!wasm) {
      this.#unsent = true;
      return Promise.reject(this.#fail(failure("email")));
    }
    this.#unsent = false;
    if (wasm !== this.#wasm) {
      this.#wasm = wasm;
      this.#answer = this.#told(wasm, widget, widget.submission());
    }
    return this.#answer;
  }

  /** Back to the beginning: nothing ticked. */
  reset() {
    this.#unsent = false;
    this.#widget?.reset();
  }

  // ---- What the browser calls

  connectedCallback() {
    this.#attend(this.closest("form") ?? this.#internals.form);
    if (!this.#widget) this.#show();
  }

  disconnectedCallback() {
    this.#attend(null);
    // Moving an element takes it out and puts it back: what was ticked stays ticked.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#showing++;
      this.#hide();
    });
  }

  attributeChangedCallback(name, before, after) {
    if (this.#showing && this.isConnected && before !== after) this.#show();
  }

  formDisabledCallback(disabled) {
    if (this.#root) this.#root.inert = disabled;
  }

  // ---- The host form

  #attend(form) {
    const hears = [
      ["submit", this.#hostSubmits],
      ["formdata", this.#hostCollects],
      ["reset", this.#hostResets],
    ];
    for (const [event, listener] of hears) {
      this.#host?.removeEventListener(event, listener);
      form?.addEventListener(event, listener);
    }
    this.#host = form;
  }

  // The request leaves here and now, and outlives the page; the host form goes on as if nothing were.
  #hostSubmits = () => {
    if (this.#widget) this.submit().catch(() => {}); // `say-so:error` has told it
  };

  // Where nothing was sent for want of an address, the host form must not claim a submission.
  #hostCollects = ({ formData }) => {
    if (!this.#widget || this.#unsent) return;
    formData.append("sayso-submission", this.#widget.submission());
    for (const [purpose, yes] of Object.entries(this.choices)) formData.append(`sayso-${purpose}`, yes ? "yes" : "no");
  };

  #hostResets = () => this.reset();

  // ---- Showing

  async #show(again) {
    const showing = ++this.#showing;
    const left = () => showing !== this.#showing || !this.isConnected;
    let collector = this.getAttribute("collector") || import.meta.url;
    try {
      collector = new URL(collector, import.meta.url).origin;
      const [form, { mount, sheet }] = await Promise.all([this.#published(collector, again), code]);
      if (left()) return;
      this.#hide();
      this.#root = document.createElement("div");
      this.#root.inert = this.matches(":disabled");
      this.#shadow.adoptedStyleSheets = [sheet];
      this.#shadow.append(this.#root);
      const given = {
        collector,
        page: location.origin + location.pathname, // a query may hold what is nobody's business
        conversation: this.getAttribute("conversation"),
        chat: this.getAttribute("mode") === "chat",
        asksEmail: !this.#emailField(true),
        gpc: navigator.globalPrivacyControl === true,
        ...again,
      };
      this.#widget = mount(this.#root, form, given, (what) => (what === "submit" ? this.#pressed() : this.#changed()));
      this.#emit("ready", { site: form.site, form: form.form, lang: form.lang });
    } catch (problem) {
      if (left()) return;
      this.#hide();
      console.error(`<say-so>: ${explain(problem, collector)} Visitors see nothing here; the form around it works as before.`, this);
      this.#fail(problem.reason ? problem : failure("network"));
    }
  }

  #hide() {
    this.#widget?.free();
    this.#widget = undefined;
    this.#root?.remove();
  }

  async #published(collector, again) {
    const name = (attribute) => {
      const value = this.getAttribute(attribute);
      if (!value) throw failure("attribute", { attribute });
      return encodeURIComponent(value);
    };
    const address = `${collector}/v1/sites/${name("site")}/forms/${name("form")}?lang=${encodeURIComponent(this.#language())}`;
    const response = await fetch(address, again && { cache: "reload" });
    if (!response.ok) {
      const { detail, title } = await response.json().catch(() => ({}));
      throw failure("form", { status: response.status, detail: detail ?? title });
    }
    return response.json();
  }

  #language() {
    for (let node = this; node; node = node.parentNode ?? node.host) {
      const lang = node.getAttribute?.("lang");
      if (lang) return lang;
    }
    return navigator.language;
  }

  /** The host form's own e-mail field, looked for anew each time: pages change. */
  #emailField(complain) {
    const name = this.getAttribute("email-field");
    if (!name) return undefined;
    const field = this.#host?.elements.namedItem(name) ?? this.getRootNode().querySelector(`#${CSS.escape(name)}`);
    if (!field && complain) {
      console.error(`<say-so>: there is no field "${name}" in the form around it, so it asks for the e-mail address itself. Check the attribute "email-field".`, this);
    }
    return field ?? undefined;
  }

  // ---- Sending

  #pressed() {
    this.submit().catch((problem) => {
      if (problem.reason === "email") this.#shadow.querySelector("[type=email]")?.focus();
    });
  }

  async #told(wasm, widget, submission) {
    try {
      const { state, purposes, receipt } = await wasm;
      this.#emit("stored", { submission, state, purposes, receipt });
      return { submission, state: "stored", receipt };
    } catch ({ reason = "network", status }) {
      if (reason === "outdated" && widget === this.#widget) {
        this.#show({ email: widget.email(), outdated: true });
      }
      throw this.#fail(failure(reason, { status, submission }));
    }
  }

  #changed() {
    this.#unsent = false;
    this.#emit("change", { choices: this.choices });
  }

  #fail(problem) {
    const { message, ...detail } = problem;
    this.#emit("error", detail);
    return problem;
  }

  #emit(what, detail) {
    this.dispatchEvent(new CustomEvent(`say-so:${what}`, { detail, bubbles: true, composed: true }));
  }
}

function failure(reason, more) {
  return Object.assign(new Error(`say-so: ${reason}`), { reason, ...more });
}

/** For the marketer: what is wrong, and what to do about it. */
function explain({ reason, attribute, status, detail, message }, collector) {
  if (reason === "attribute") return `the attribute "${attribute}" is missing. Copy the tag as your administrator gave it.`;
  if (reason === "form") return `the collector ${collector} does not show this form (${status}: ${detail}). Check the attributes "site" and "form".`;
  return (
    `it could not be loaded from ${collector} (${message}). Check that the address is right, that this page is one of the site's origins, ` +
    `and that the page's Content-Security-Policy, if it has one, allows script-src ${collector} 'wasm-unsafe-eval' and connect-src ${collector}.`
  );
}

if (!customElements.get("say-so")) customElements.define("say-so", SaySo);
