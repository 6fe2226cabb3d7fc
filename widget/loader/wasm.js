// Loads what decides and paints: the wasm module, once for all elements of a page, and only when the boxes are there, so that on a
// slow line it does not take from them. Its JavaScript half is in this very file: what a page pins by `integrity` holds for all.

import init, { Outcome, Widget, judge, wait } from "sayso-widget";

const FIRST_PAUSE = 5_000; // milliseconds
const LONGEST_PAUSE = 300_000;

let loading;

/** The wasm module, from the moment that somebody needs it. A load that failed is tried again by who asks next. */
export function brain() {
  loading ??= load().catch((problem) => {
    loading = undefined;
    throw problem;
  });
  return loading;
}

/** The same, however long the line is down. */
export async function brainInTheEnd() {
  for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    try {
      return await brain();
    } catch {
      await rest(pause);
    }
  }
}

/** Waits so many milliseconds, but no longer than until the line is back, or the page is. */
export function rest(pause) {
  return new Promise((done) => {
    const ears = new AbortController();
    const over = () => {
      clearTimeout(timer);
      ears.abort();
      done();
    };
    const timer = setTimeout(over, pause);
    for (const event of ["online", "pageshow"]) addEventListener(event, over, ears);
  });
}

async function load() {
  const address = new URL(SAYSO_WASM, import.meta.url);
  await init({ module_or_path: fetch(address, { integrity: SAYSO_WASM_INTEGRITY, priority: "low" }) });
  return { Widget, judge, wait };
}

/** What can come of a submission; a list that needs no wasm. */
export { Outcome };

/** Why wasm cannot run in this page, or nothing if it can. The eight bytes are the smallest module there is. */
export function obstacle() {
  try {
    new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  } catch (problem) {
    return problem;
  }
}
