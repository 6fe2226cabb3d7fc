// A cheap phone on a slow line, with nothing in its cache: opens a page and tells what that was like.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const LATENCY = 150; // ms for each request
const DOWN = 1.6e6 / 8; // bytes a second
const UP = 0.75e6 / 8;
const SLOWER = 4; // times slower than this machine's processor

const LONGEST = 60_000; // ms until the first box

export function browser(chromium) {
  const names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
  const folders = (process.env.PATH ?? "").split(delimiter);
  const program = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
  if (!program) throw new Error("no Chromium on the PATH; `cargo xtask setup --for-tests` installs it");
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic", "--disable-gpu"];
  return chromium.launch({ executablePath: program, args: ["--no-sandbox", "--no-first-run", ...quiet] });
}

/** Opens the page in a profile of its own. Times in milliseconds, memory in bytes. */
export async function visit(browser, { url, selector }) {
  const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 3, isMobile: true, hasTouch: true };
  const profile = await browser.newContext(phone);
  try {
    const page = await profile.newPage();
    const devtools = await profile.newCDPSession(page);
    const traffic = { bytes: 0, requests: 0 };
    devtools.on("Network.loadingFinished", ({ encodedDataLength }) => {
      traffic.bytes += encodedDataLength;
      traffic.requests++;
    });
    await devtools.send("Network.enable");
    await devtools.send("Network.emulateNetworkConditions", {
      offline: false,
      latency: LATENCY,
      downloadThroughput: DOWN,
      uploadThroughput: UP,
    });
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
    await page.addInitScript(watch, selector);
    await page.goto(url, { waitUntil: "commit" });
    // By the debugger, whom no policy of the page holds back.
    const ask = async (expression) => (await devtools.send("Runtime.evaluate", { expression, returnByValue: true })).result.value;
    const until = async (expression) => {
      for (const start = Date.now(); !(await ask(expression)); await page.waitForTimeout(100)) {
        if (Date.now() - start > LONGEST) throw new Error(`${url}: waited in vain for ${expression}`);
      }
    };
    if (selector) await until("seen.tickable");
    await page.waitForLoadState("networkidle");
    if (selector?.startsWith("say-so")) await until("seen.ready");
    await page.waitForTimeout(300); // what comes late, comes now
    await devtools.send("HeapProfiler.collectGarbage");
    const heap = await devtools.send("Runtime.getHeapUsage");
    const memory = heap.usedSize + (heap.embedderHeapUsedSize ?? 0) + (heap.backingStorageSize ?? 0);
    const found = await ask("({ ...seen, wasm: seen.memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0), memories: 0 })");
    return { ...found, ...traffic, memory };
  } finally {
    await profile.close();
  }
}

/** Runs in the page, before anything of the page does. */
function watch(selector) {
  const seen = { tickable: 0, ready: 0, shift: 0, tasks: [], frames: [], memories: [] };
  // What comes before the first script is the page's own: Chromium's opening of a page takes 50 to 70 ms of a phone by itself.
  const ofScripts = ({ startTime, duration }) => {
    const scripts = performance.getEntriesByType("resource").filter(({ initiatorType }) => initiatorType === "script");
    return scripts.some(({ responseEnd }) => responseEnd && responseEnd <= startTime + duration);
  };
  globalThis.seen = seen;
  const [inner, host] = selector?.split(" >>> ").reverse() ?? [];
  const look = () => {
    const root = host ? document.querySelector(host)?.shadowRoot : document;
    const sized = ({ width, height }) => width > 0 && height > 0;
    if ([...(root?.querySelectorAll(inner) ?? [])].some((element) => sized(element.getBoundingClientRect()))) seen.tickable = performance.now();
    else requestAnimationFrame(look);
  };
  if (selector) requestAnimationFrame(look);
  addEventListener("say-so:ready", () => (seen.ready ||= performance.now()));

  const observe = (type, entry) => {
    if (!PerformanceObserver.supportedEntryTypes.includes(type)) return;
    new PerformanceObserver((list) => list.getEntries().forEach(entry)).observe({ type, buffered: true });
  };
  observe("layout-shift", (entry) => (seen.shift += entry.hadRecentInput ? 0 : entry.value));
  observe("longtask", (entry) => ofScripts(entry) && seen.tasks.push({ startTime: entry.startTime, duration: entry.duration }));
  observe("long-animation-frame", ({ startTime, duration, scripts }) =>
    seen.frames.push({
      startTime,
      duration,
      scripts: scripts.map(({ duration, invoker, sourceURL }) => ({ duration, invoker, source: sourceURL })),
    }),
  );

  for (const name of ["instantiate", "instantiateStreaming"]) {
    const before = WebAssembly[name];
    WebAssembly[name] = async (...given) => {
      const made = await before.apply(WebAssembly, given);
      const memory = (made.instance ?? made).exports.memory;
      if (memory) seen.memories.push(memory);
      return made;
    };
  }
}
