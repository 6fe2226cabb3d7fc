// Submissions on their way. Each is kept before it leaves and forgotten when the collector has answered for it, so that neither a
// tunnel nor a page that is left loses one. Every try carries the same id and the same bytes: twice is once.
//
// While the first answer is awaited it is kept with the tab (sessionStorage): most pages are left by then, and an address should not
// stay behind for what has most likely arrived. Only what is known not to have arrived outlives the tab (localStorage).
//
// What an answer means and when to try again is decided by the wasm module; an answer waits until it has come.

import { Outcome, brainInTheEnd, rest } from "./wasm.js";

const PREFIX = "say-so:";
const OURS = /^say-so:[0-9a-f-]{36}$/;

/** How long to wait for an answer, in milliseconds. A submission that arrived after all is found again by its id. */
const PATIENCE = 30_000;

/** No longer does an address stay in a browser, in milliseconds. */
const KEPT = 72 * 3_600_000;

/** Where storage is forbidden or full, what is on its way lives as long as the page. */
const kept = new Map();

/**
 * Sends a submission `{id, collector, body}` until it is settled, and tells `heard(outcome, answer, status)` after each try. The first
 * request has left when this returns.
 */
export function send(submission, heard) {
  keep(submission, "sessionStorage");
  return attend(submission, heard, post(submission));
}

/** What a page before this one could not send, or did not hear of. */
export function leftBehind() {
  const left = [];
  for (const [storage, key] of stored()) {
    const submission = read(storage, key);
    if (kept.has(submission?.id)) continue; // of this page, or in both storages
    if (submission && isFresh(submission)) {
      kept.set(submission.id, submission);
      left.push(submission);
    } else drop(storage, key);
  }
  return left;
}

/** Sends again what is left behind. */
export function resume(submission, heard) {
  return attend(submission, heard);
}

/** No further try: the person chose anew before it was stored. */
export function forget(id) {
  kept.delete(id);
  drop("sessionStorage", PREFIX + id);
  drop("localStorage", PREFIX + id);
}

async function attend(submission, heard, answer) {
  for (let tries = answer ? 1 : 0; kept.has(submission.id); tries++) {
    if (answer) {
      const { status, body } = await answer;
      const names = body?.id === submission.id;
      const outcome = plain(status, names, body) ?? (await judged(status, names, body));
      const settled = outcome !== Outcome.Unreached;
      if (settled) forget(submission.id);
      else keepOn(submission);
      heard(outcome, body, status);
      if (settled) return;
    }
    const { wait } = await brainInTheEnd();
    await rest(wait(tries, Math.random()));
    if (!isFresh(submission)) return forget(submission.id);
    if (isSettledElsewhere(submission)) kept.delete(submission.id);
    else if (kept.has(submission.id)) answer = post(submission);
  }
}

/** What needs no judge, who may never come: whoever names it has it, and no answer is none. */
function plain(status, names, body) {
  if (status === 0) return Outcome.Unreached;
  if (names && (status === 200 || status === 201)) return body.state === "pending" ? Outcome.Pending : Outcome.Recorded;
}

async function judged(status, names, body) {
  const { judge } = await brainInTheEnd();
  return judge(status, names, body?.state === "pending", (body?.type ?? "").endsWith(":notice-outdated"));
}

/**
 * One try. The body is a text, so that the request needs no preflight, which a page that is being left would not wait for (Fetch
 * standard, "CORS-safelisted request-header"). `keepalive` lets it outlive the page.
 */
async function post(submission) {
  const { collector, body } = submission;
  submission.flying = true;
  // A clock that is wrong by hours still tells how long something has waited.
  const waited = Math.max(0, Math.round(age(submission)));
  try {
    const request = { method: "POST", body, keepalive: true, credentials: "omit", signal: AbortSignal.timeout(PATIENCE) };
    const response = await fetch(`${collector}/v1/submissions?waited=${waited}`, request);
    return { status: response.status, body: await response.json().catch(() => {}) };
  } catch {
    keepOn(submission); // now: the page may be gone before anybody has judged
    return { status: 0 };
  } finally {
    submission.flying = false;
  }
}

/** A clock that was set back makes no submission younger than new: far off either way, the address does not stay. */
const isFresh = (submission) => Math.abs(age(submission)) < KEPT;

function age({ body }) {
  try {
    return Date.now() - Date.parse(JSON.parse(body).decided_at);
  } catch {
    return NaN;
  }
}

function keep(submission, storage) {
  const { id, collector, body } = submission;
  kept.set(id, submission);
  try {
    globalThis[storage].setItem(PREFIX + id, JSON.stringify({ id, collector, body }));
    submission.stored = true;
  } catch {} // forbidden or full
}

/** Not arrived: it may outlive the tab, unless another has taken its place meanwhile. */
function keepOn(submission) {
  if (kept.has(submission.id)) keep(submission, "localStorage");
}

/** Whether another tab has sent it, or chosen anew: it is no longer where it was put. */
function isSettledElsewhere({ id, stored }) {
  try {
    const key = PREFIX + id;
    return stored && localStorage.getItem(key) === null && sessionStorage.getItem(key) === null;
  } catch {
    return false;
  }
}

function read(storage, key) {
  try {
    const { id, collector, body } = JSON.parse(globalThis[storage].getItem(key));
    if (PREFIX + id === key) return { id, collector, body, stored: true };
  } catch {} // not ours, whatever it is called
}

function drop(storage, key) {
  try {
    globalThis[storage].removeItem(key);
  } catch {}
}

function stored() {
  const keys = (storage) => {
    try {
      return Object.keys(globalThis[storage]).filter((key) => OURS.test(key));
    } catch {
      return [];
    }
  };
  return ["localStorage", "sessionStorage"].flatMap((storage) => keys(storage).map((key) => [storage, key]));
}

// The last chance of this page: what waits for its next try leaves now. If it has arrived already, this changes nothing.
addEventListener("pagehide", () => {
  for (const submission of kept.values()) if (!submission.flying) post(submission);
});
