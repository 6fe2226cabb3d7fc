// Acts of choosing: who, what, when, and under which id. The same choice of the same person is the same act, however often the button is
// pressed; another choice is another act, and may take the place of one before it.

import { forget } from "./outbox.js";

/** What the collector takes, in characters. A longer id should not cost the choice. */
const LONGEST_CONVERSATION = 200;

/** How many acts one can take the place of; the collector takes no more. */
const MOST_OPENED = 16;

/**
 * The acts of one element.
 *
 * | the person | `now` | `told` | `opened` |
 * |---|---|---|---|
 * | ticks, unticks | as it was | none | |
 * | sends | what is ticked | what is ticked | |
 * | opens the boxes again | none | none | and what was told |
 * | gets new words, another language | none | none | |
 * | has the form emptied by its page | none | as it was | |
 */
export class Acts {
  #now; // what is chosen now
  #told; // the one of which the person reads what came of it, until they choose anew
  #opened = []; // the ids of those that were opened again: whatever they said yes to, the next may take back. One that was told no answer may have arrived

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

  /** All whose place the next act takes, if the boxes that are ticked now are opened again. */
  get sent() {
    return this.#told ? [...this.#opened, this.#told.id] : this.#opened;
  }

  /** An act leaves. What it takes the place of is tried no more. */
  leaves(act) {
    act.replaces ??= this.#opened.slice(-MOST_OPENED);
    this.#opened.forEach(forget);
    this.#told = act;
  }

  edited() {
    this.#told = undefined;
  }

  opened(before = this.sent) {
    this.#opened = before;
    this.renewed();
  }

  renewed() {
    this.#now = this.#told = undefined;
  }

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
    replaces: replaces?.length ? replaces : undefined,
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
