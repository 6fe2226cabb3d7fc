// Submissions whose boxes are gone: of a page before this one, or of an element that was taken away. Other boxes of the same form tell of them.

import { leftBehind, resume } from "./outbox.js";
import { Outcome } from "./wasm.js";

const unsent = []; // `{id, site, form, outcome}`
let taken = false;

/** Takes up, once, what a page before this one left; `tell({id, site, form}, outcome, answer)` hears what comes of each. */
export function takeUp(tell) {
  if (taken) return;
  taken = true;
  for (const submission of leftBehind()) {
    const { id, site, form } = JSON.parse(submission.body);
    const left = { id, site, form, outcome: Outcome.Unreached };
    unsent.push(left);
    resume(submission, (outcome, answer) => {
      left.outcome = outcome;
      tell(left, outcome, answer);
    });
  }
}

/** The boxes of an act go before it is stored. */
export function orphan(act) {
  if (act.orphan || ![undefined, Outcome.Unreached].includes(act.settled)) return;
  const { site, form } = act.form;
  act.orphan = { id: act.id, site, form, outcome: act.settled };
  unsent.push(act.orphan);
}

/** What has come by now of something that was left of this form. */
export const earlier = ({ site, form }) => unsent.findLast((each) => each.site === site && each.form === form)?.outcome;
