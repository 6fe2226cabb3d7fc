// Acts of choosing: who, what, when, and under which id. The same choice of the same person is the same act, however often the button is
// pressed; another choice is another act, and may take the place of one before it.

import { forget } from "./outbox.js";

/** What the collector takes, in characters. A longer id should not cost the choice. */
const LONGEST_CONVERSATION = 200;

/** The acts of one element. */
export class Acts {
  #now; // what is chosen now
  #told; // the one of which the person reads what came of it, until they choose anew
  #former; // the id of the one whose place the next takes

  /** The act of choosing this: the one before, if it says the same. `place` is what the page around the boxes gives. */
  intend(email, choices, form, place) {
    const said = JSON.stringify([email, choices]);
    if (this.#now?.said !== said) this.#now = { id: uuid(), email, choices, form, place, said };
    return this.#now;
  }

  get now() {
    return this.#now;
  }

  get told() {
    return this.#told;
  }

  /** An act leaves. What it takes the place of is tried no more. */
  leaves(act) {
    if (this.#former) {
      forget(this.#former);
      act.replaces = this.#former;
      this.#former = undefined;
    }
    this.#told = act;
  }

  /** An act was not taken: the next one takes the place that it would have taken. */
  failed(act) {
    act.outcome = undefined;
    this.#former ??= act.replaces;
  }

  /** The person ticks, unticks or writes: what came of the last act is no longer told. */
  edited() {
    this.#told = undefined;
  }

  /**
   * The person opens the boxes again: what they choose next is another act, even if it says the same, and takes the place of this one.
   * Until it leaves, this one stays on its way.
   */
  opened() {
    this.#former = this.#told?.id;
    this.renewed();
  }

  /** The boxes show new words. */
  renewed() {
    this.#now = this.#told = undefined;
  }

  /** The boxes are emptied. What came of the last act is told all the same. */
  emptied() {
    this.#now = undefined;
  }
}

/** The body of `POST /v1/submissions`, for a decision that is made now. */
export function body({ id, email, choices, form, replaces, place: { page, conversation, shown_at } }) {
  return JSON.stringify({
    id,
    site: form.site,
    form: form.form,
    lang: form.lang,
    notice_hash: form.notice.hash,
    subject: { email },
    choices,
    source: form.source,
    page,
    conversation: conversation?.slice(0, LONGEST_CONVERSATION),
    replaces,
    shown_at,
    decided_at: new Date().toISOString(),
    gpc: hasSignal(),
    widget: SAYSO_VERSION,
  });
}

/** Whether the browser sends Global Privacy Control. */
export const hasSignal = () => navigator.globalPrivacyControl === true;

/** A UUIDv7 (RFC 9562, section 5.7): 48 bits of time in milliseconds, then chance. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let now = Date.now();
  for (let at = 5; at >= 0; at--, now = Math.floor(now / 256)) bytes[at] = now % 256;
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
