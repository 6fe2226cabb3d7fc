// Loads what decides and paints: the wasm module, once for all elements of a page, and only when the boxes are there, so that on a
// slow line it does not take from them. Its JavaScript half is in this very file: what a page pins by `integrity` holds for all.

import init, { Outcome, Widget, judge, wait } from "sayso-widget";

let loading;

/** The wasm module, from the moment that somebody needs it. A load that failed is tried again by who asks next. */
export function brain() {
  loading ??= load().catch((problem) => {
    loading = undefined;
    throw problem;
  });
  return loading;
}

async function load() {
  const address = new URL(SAYSO_WASM, import.meta.url);
  await init({ module_or_path: fetch(address, { integrity: SAYSO_WASM_INTEGRITY, priority: "low" }) });
  return { Outcome, Widget, judge, wait };
}

/** Why wasm cannot run in this page, or nothing if it can. The eight bytes are the smallest module there is. */
export function obstacle() {
  try {
    new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  } catch (problem) {
    return problem;
  }
}
