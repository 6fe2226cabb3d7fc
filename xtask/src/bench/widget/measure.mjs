// For `cargo xtask bench widget`: every page in turns, and the medians as JSON.
// Reads COLLECTOR and PAGES (origins of a running stack), PEERS (a folder with the packages beside this file installed), RUNS.

import { createRequire } from "node:module";

import { nothing, ours, peers } from "./pages.mjs";
import { browser as start, visit } from "./phone.mjs";
import { folder, front } from "./serving.mjs";

const { COLLECTOR, PAGES, PEERS, RUNS } = process.env;
const { chromium } = createRequire(`${PEERS}/`)("playwright-core");

const BOX = "say-so >>> input[type=checkbox]:not(:disabled)";

const collector = await front(COLLECTOR, {});
const pages = await front(PAGES, { [COLLECTOR]: collector.origin });
const servers = [collector, pages];
const wanted = [];
const serve = async (name, html, files, selector) => {
  const server = await folder(html, files);
  servers.push(server);
  wanted.push({ name, selector, url: `${server.origin}/` });
};

for (const [name, { html, files, selector }] of Object.entries(peers(PEERS))) await serve(name, html, files, selector);
await serve("Sayso", ours(collector.origin, "?site=demo&amp;form=newsletter&amp;lang=en"), undefined, BOX);
await serve("Sayso, form not named in the script", ours(collector.origin, ""), undefined, BOX);
wanted.push({ name: "Sayso, example page", selector: BOX, url: `${pages.origin}/web-form/en.html` });
await serve("nothing", nothing, undefined, undefined);

const browser = await start(chromium);
const visits = Object.fromEntries(wanted.map(({ name }) => [name, []]));
// The first round warms up servers and disk, and is not counted.
for (let round = 0; round <= Number(RUNS); round++) {
  process.stderr.write(round === 0 ? "     round" : ` ${round}`);
  for (const page of round % 2 === 1 ? wanted : [...wanted].reverse()) {
    const seen = await visit(browser, page);
    if (round > 0) visits[page.name].push(seen);
  }
}
process.stderr.write("\n");
await browser.close();
for (const { server } of servers) server.closeAllConnections();
for (const { close } of servers) close();

const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];
const worst = (entries) => entries.reduce((worst, entry) => (entry.duration > (worst?.duration ?? 0) ? entry : worst), undefined);

console.log(
  JSON.stringify(
    wanted.map(({ name }) => {
      const all = visits[name];
      const middle = (of) => median(all.map(of));
      const long = (visit) => worst(visit.tasks)?.duration ?? 0;
      // What ran in the longest frame of the visit whose longest task is the median.
      const usual = all.find((visit) => long(visit) === middle(long));
      return {
        name,
        tickable: middle((visit) => visit.tickable),
        fastest: Math.min(...all.map((visit) => visit.tickable)),
        slowest: Math.max(...all.map((visit) => visit.tickable)),
        ready: middle((visit) => visit.ready),
        shift: Math.max(...all.map((visit) => visit.shift)),
        task: middle(long),
        scripts: worst(usual.frames)?.scripts ?? [],
        memory: middle((visit) => visit.memory),
        wasm: middle((visit) => visit.wasm),
        bytes: middle((visit) => visit.bytes),
        requests: middle((visit) => visit.requests),
      };
    }),
  ),
);
