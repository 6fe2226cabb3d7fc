// The <say-so> element. The page loads this file; it shows the boxes, and then loads the rest.
//
// The boxes are drawn here, as soon as the words have come, and a choice leaves from here, so that nobody waits for WebAssembly. What
// an answer means, what the person reads, and when to try again is decided by the wasm module (Rust, in ../src), which takes the same
// boxes over when it comes. It holds up no form, shows a visitor no technical message, and tells the marketer in the console what
// to mend.
//
// The attribute `form` names a Sayso form. HTML gives that attribute another meaning on form-associated elements: the id of the form
// that owns them; an element with form="newsletter" would be owned by none. So it is moved to `form-key`, and the element belongs to
// the form around it as any field does. Who writes `form-key` themselves may use `form` as HTML means it.

import { Acts, body, hasSignal } from "./acts.js";
import { mayLeave, pageAddress } from "./address.js";
import { door, draw } from "./boxes.js";
import { boxesOf, lacking, report, restore } from "./field.js";
import { hear } from "./host.js";
import { dress } from "./look.js";
import { send } from "./outbox.js";
import { published } from "./published.js";
import { nextTask } from "./task.js";
import { complain, failure } from "./trouble.js";
import { earlier, orphan, takeUp } from "./unsent.js";
import { Outcome, brain, brainInTheEnd, obstacle } from "./wasm.js";

export { answerFrames, ask } from "./chat.js";

class SaySo extends HTMLElement {
  static formAssociated = true;
  static observedAttributes = ["site", "form", "form-key", "lang", "mode", "email-field", "conversation", "collector"];

  #internals = this.attachInternals();
  #shadow = this.attachShadow({ mode: "open" });
  #form; // the published form that is shown
  #shown; // its nodes, by part
  #place; // what the page gave it when it was shown
  #widget; // what paints it, once the wasm has come
  #acts = new Acts();
  #showing = 0; // counts the times that boxes were asked for; only the last one counts
  #host; // the form around it, which is listened to
  #ears; // ends that
  #moved = false; // whether `form` was ours and now stands in `form-key`
  #remembered; // what the browser kept of these boxes when the page was left

  constructor() {
    super();
    this.#own(); // before the browser looks whose it is, and what it remembers of it
    this.addEventListener("invalid", () => lacking(this.#shown).forEach((box) => (box.ariaInvalid = "true")));
  }

  // ---- For the page's own scripts

  /** `{PURPOSE: true | false}` as ticked now; empty until `say-so:ready`. */
  get choices() {
    const ticked = boxesOf(this.#shown).map(({ name, checked }) => [name, checked]);
    return Object.fromEntries(ticked);
  }

  /** Whether the boxes are there. */
  get asks() {
    return this.#shown !== undefined;
  }

  /**
   * Sends what is ticked. Resolves with `{submission, state, receipt}`: `stored`, or `queued` where the collector could not be reached and
   * it is tried again. Is rejected with an Error whose `reason` is `email`, `outdated`, `refused` or `not-ready`.
   */
  submit() {
    return this.#shown ? this.#submit(this.#intend()) : Promise.reject(failure("not-ready"));
  }

  /** The first box. No `delegatesFocus`: a click on a text and a space to scroll would tick it. */
  focus(options) {
    boxesOf(this.#shown)[0]?.focus(options);
  }

  /** Back to the beginning: nothing ticked. */
  reset() {
    this.#acts.emptied();
    for (const box of boxesOf(this.#shown)) box.checked = false;
    if (this.#shown?.email) this.#shown.email.value = "";
    this.#reopen();
    this.#report();
  }

  // ---- What the browser calls

  connectedCallback() {
    elements.add(this);
    this.#own();
    this.#attend(this.#internals.form);
    if (!this.#shown) this.#show();
  }

  /** Moved by `moveBefore`: nothing changes. */
  connectedMoveCallback() {}

  disconnectedCallback() {
    elements.delete(this);
    // Moving an element takes it out and puts it back: what was ticked stays ticked.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#attend(null);
      this.#showing++;
      this.#hide();
      this.#emit("removed");
    });
  }

  /** A style sheet belongs to a document; the one of the frame that it is moved to needs its own. */
  adoptedCallback() {
    dress(this.#shadow);
  }

  attributeChangedCallback(name, before, after) {
    if (!this.isConnected || before === after) return;
    if (name === "form") this.#own();
    else if (name === "conversation" && this.#place) this.#place.conversation = after;
    else if (name === "email-field" && this.#shown && !this.#shown.email === !!this.#emailField()) return;
    else if (this.#showing) this.#show();
  }

  formAssociatedCallback(form) {
    this.#attend(form);
  }

  formDisabledCallback(disabled) {
    for (const control of this.#shadow.querySelectorAll("input, button")) control.disabled = disabled;
  }

  formResetCallback() {
    this.reset();
  }

  formStateRestoreCallback(state, reason) {
    // What a person ticked and left comes back; what a browser thinks that they might tick does not.
    if (reason !== "restore") return;
    this.#remembered = JSON.parse(state);
    this.#remember();
  }

  #own() {
    if (!this.hasAttribute("form") || (this.hasAttribute("form-key") && !this.#moved)) return;
    this.#moved = true;
    const key = this.getAttribute("form");
    this.removeAttribute("form");
    this.setAttribute("form-key", key);
  }

  #attend(form) {
    if (form === this.#host) return;
    this.#host = form;
    this.#ears?.abort();
    if (!form) return;
    this.#ears = new AbortController();
    hear(form, this.#ears.signal, {
      reads: () => this.#counts() && this.#intend(),
      sends: (act) => this.#submit(act).catch((problem) => this.#point(problem)),
      fills: (data) => this.#counts() && mayLeave(this.#email()) && data.append("sayso-submission", this.#intend().id),
      names: () => this.#counts() && this.#acts.now?.id,
    });
  }

  // ---- Showing

  async #show(again) {
    const showing = ++this.#showing;
    const left = () => showing !== this.#showing || !this.isConnected;
    await nextTask(); // scripts set one attribute after the other, and a slow phone has just read this file
    if (left()) return;
    let collector = this.getAttribute("collector") || import.meta.url;
    try {
      const { protocol, origin } = new URL(collector, import.meta.url);
      if (!/^https?:$/.test(protocol)) throw failure("attribute", { attribute: "collector" });
      collector = origin;
      const form = await published(this, collector, again);
      if (left()) return;
      this.#hide();
      dress(this.#shadow);
      const forbidden = obstacle();
      if (forbidden) {
        complain(this, failure("wasm", { message: forbidden.message }), collector);
        const address = `${collector}/f/${form.site}/${form.form}?lang=${form.lang}`;
        this.#shadow.replaceChildren(door(form, address));
        this.#internals.states?.add("ready");
        this.#fail(failure("wasm"));
        return;
      }
      this.#draw(form, collector, again);
      this.#emit("ready", { site: form.site, form: form.form, lang: form.lang });
      await new Promise((done) => setTimeout(done)); // the boxes are painted first
      if (!left()) await this.#takeOver(left, again);
    } catch (problem) {
      if (left()) return;
      const told = problem.reason ? problem : failure("network", { message: problem.message });
      if (told.reason !== "network") this.#hide();
      complain(this, told, collector);
      if (again) this.#widget?.settle(Outcome.Refused); // not stored, and to be tried again by the person
      this.#fail(told);
    }
  }

  #draw(form, collector, again) {
    const email = this.#emailField(true);
    if (this.#form?.site !== form.site || this.#form.form !== form.form) this.#acts = new Acts();
    this.#form = form;
    this.#place = {
      collector,
      page: pageAddress(),
      conversation: this.getAttribute("conversation"),
      shown_at: new Date().toISOString(),
    };
    const shown = (this.#shown = draw(form, { asksEmail: !email, gpc: hasSignal() }));
    shown.button.hidden = !this.#chats();
    if (!this.#chats() && !this.#internals.form) complain(this, { reason: "alone" });
    if (again && shown.email) shown.email.value = again.email;
    shown.root.addEventListener("input", ({ target }) => this.#edited(target));
    shown.button.addEventListener("click", () => this.#pressed());
    shown.email?.addEventListener("keydown", ({ key }) => key === "Enter" && this.#entered());
    this.#shadow.replaceChildren(shown.root);
    if (again?.focus) this.focus();
    this.#internals.states?.add("ready"); // for a page that keeps room until then
    this.formDisabledCallback(this.matches(":disabled"));
    this.#remember();
    this.#report();
  }

  /** The wasm module comes to boxes that may have been ticked and sent already. */
  async #takeOver(left, again) {
    takeUp(SaySo.tell);
    brain().catch(({ message }) => {
      if (!left()) complain(this, this.#fail(failure("network", { message })), this.#place.collector);
    });
    const { Widget } = await brainInTheEnd();
    if (left()) return;
    this.#widget = new Widget(this.#shown, this.#chats());
    const before = again ? Outcome.Outdated : earlier(this.#form);
    const { told, now } = this.#acts;
    if (told) {
      this.#widget.sending();
      if (told !== now) this.#widget.reset();
      if (told.settled !== undefined) this.#settle(told);
    } else if (before !== undefined) this.#widget.settle(before);
  }

  #hide() {
    this.#widget?.free();
    this.#widget = this.#shown = undefined;
    if (this.#acts.told) orphan(this.#acts.told);
    this.#acts.renewed();
    this.#shadow.replaceChildren();
    this.#internals.states?.delete("ready");
    this.#internals.setFormValue(null);
    this.#internals.setValidity({});
  }

  // ---- What is chosen

  #chats() {
    return this.getAttribute("mode") === "chat";
  }

  /** Whether the host form should hear of it at all. */
  #counts() {
    return this.#shown !== undefined && !this.matches(":disabled");
  }

  /** The host form's own e-mail field, looked for anew each time: pages change. */
  #emailField(complaining) {
    const name = this.getAttribute("email-field");
    if (!name) return undefined;
    const field = this.#internals.form?.elements.namedItem(name) ?? this.getRootNode().querySelector(`#${CSS.escape(name)}`);
    if (!field && complaining) complain(this, { reason: "field", name });
    return field ?? undefined;
  }

  #email() {
    return (this.#shown.email ?? this.#emailField())?.value.trim() ?? "";
  }

  #intend() {
    return this.#acts.intend(this.#email(), this.choices, this.#form, this.#place);
  }

  #edited(control) {
    this.#acts.edited();
    this.#widget?.edit();
    this.#report();
    if (control.type === "checkbox") this.#emit("change", { choices: this.choices });
  }

  #report() {
    report(this.#internals, this.#shown, this.#form, this.#acts.sent);
  }

  /** Ticks again what was ticked when the page was left. */
  #remember() {
    if (!this.#shown || !restore(this.#remembered, this.#shown, this.#form)) return;
    this.#acts.opened(this.#remembered.sent);
    this.#remembered = undefined;
    this.#report();
  }

  // ---- Sending

  #pressed() {
    if (this.#widget && !this.#widget.press()) {
      this.#acts.opened();
      requestAnimationFrame(() => this.focus()); // when they are painted open
      return;
    }
    if (!this.#internals.reportValidity()) return;
    this.submit().catch((problem) => this.#point(problem));
  }

  /** Leads to what the person can mend; `say-so:error` has told it to the page. */
  #point({ reason }) {
    if (reason === "email") this.#shown?.email?.focus();
  }

  /** Enter in the widget's own field does what it does in any: it sends. */
  #entered() {
    if (!this.#chats()) return this.#internals.form?.requestSubmit();
    this.#shown.button.focus(); // the field closes while it is being sent
    this.#pressed();
  }

  /** Sends an act of choosing, once; resolves as `submit` does. The request has left when this returns. */
  #submit(act) {
    if (act.outcome) return act.outcome;
    // A host form without an address is none of the widget's; one that is no address to us is said.
    const asks = act.email || this.#shown.email;
    const good = asks && this.#widget ? this.#widget.send(act.email) : mayLeave(act.email);
    if (!good) return Promise.reject(this.#fail(failure("email")));
    this.#acts.leaves(act);
    this.#report();
    this.#closed(true);
    // A script may have emptied the form since: then the boxes are open for another choice.
    if (act !== this.#acts.now) this.#reopen();
    return (act.outcome = this.#send(act));
  }

  #reopen() {
    this.#widget?.reset();
    this.#closed(false);
  }

  /** What the wasm does once it is there: boxes that are being sent are closed, and say so, or what came of it. */
  #closed(closed, label = "sending") {
    if (this.#widget || !this.#shown) return;
    this.#shown.boxes.disabled = closed;
    this.#shown.status.textContent = closed ? this.#form.labels[label] : "";
  }

  #send(act) {
    const { collector } = act.place;
    act.body ??= body(act);
    return new Promise((resolve, reject) => {
      send({ id: act.id, collector, body: act.body }, (outcome, answer, status) => {
        const { id: submission, choices } = act;
        act.settled = outcome;
        this.#settle(act);
        if (act.orphan) {
          act.orphan.outcome = outcome;
          SaySo.tell(act.orphan, outcome, answer);
        }
        if (outcome === Outcome.Unreached) {
          if (!act.queued) this.#emit("queued", { submission, choices });
          act.queued = true;
          resolve({ submission, state: "queued" });
        } else if (outcome === Outcome.Pending || outcome === Outcome.Recorded) {
          const { state, purposes, receipt } = answer;
          this.#emit("stored", { submission, state, choices, purposes, receipt });
          resolve({ submission, state: "stored", receipt });
        } else {
          act.outcome = undefined;
          const reason = outcome === Outcome.Outdated ? "outdated" : "refused";
          const problem = failure(reason, { submission, status, detail: answer?.detail, errors: answer?.errors });
          if (reason === "refused") complain(this, problem, collector);
          else if (act === this.#acts.told) this.#show({ email: this.#shown?.email?.value ?? "", focus: this.#shadow.activeElement });
          reject(this.#fail(problem));
        }
      });
    });
  }

  #settle(act) {
    if (act !== this.#acts.told || !this.#shown) return;
    if (this.#chats()) this.#shown.receipt.textContent = `${this.#form.labels.receipt} ${act.id}`;
    if (this.#widget) this.#widget.settle(act.settled);
    else this.#closed(true, PLAIN[act.settled]);
  }

  /** Tells all elements of a form what came of something that a page before this one could not send. */
  static tell(submission, outcome, answer) {
    for (const element of elements) element.#hearEarlier(submission, outcome, answer);
  }

  #hearEarlier({ site, form, id }, outcome, answer) {
    if (this.#form?.site !== site || this.#form.form !== form || this.#acts.told) return;
    this.#widget?.settle(outcome);
    if (answer?.id === id) this.#emit("stored", { submission: id, state: answer.state, purposes: answer.purposes, receipt: answer.receipt });
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

/** What is said before the wasm has come. */
const PLAIN = { [Outcome.Pending]: "stored_pending", [Outcome.Recorded]: "stored_recorded", [Outcome.Unreached]: "queued" };

/** The elements that are in a page now. */
const elements = new Set();

if (!customElements.get("say-so")) {
  customElements.define("say-so", SaySo);
  setTimeout(takeUp, 500, SaySo.tell); // where no boxes come: they go first, and a slow phone opens its storage slowly
}
