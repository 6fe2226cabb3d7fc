// What a page before this one could not send: it is taken up again, and boxes of the same form tell of it.

import { leftBehind, resume } from "./outbox.js";
import { brainInTheEnd } from "./wasm.js";

const unsent = []; // `{id, site, form, outcome}`

/** Takes up what is left; `tell({id, site, form}, outcome, answer)` hears what comes of each. */
export function takeUp(tell) {
  for (const submission of leftBehind()) {
    const { id, site, form } = JSON.parse(submission.body);
    const told = { id, site, form };
    unsent.push(told);
    brainInTheEnd().then(({ Outcome }) => (told.outcome ??= Outcome.Unreached));
    resume(submission, (outcome, answer) => {
      told.outcome = outcome;
      tell(told, outcome, answer);
    });
  }
}

/** What has come by now of something that was left of this form. */
export const earlier = ({ site, form }) => unsent.find((each) => each.site === site && each.form === form)?.outcome;
