// A CRM with everything to do. COLLECTOR, KEY, PID and ROUNDS come from the environment.
//
// First it pulls all events in pages of 1,000, and keeps the addresses that it sees. Then it checks 1,000 addresses, ROUNDS times: half of
// them are people on record, half are nobody, never the same again while there are others. One line of JSON at the end; times are in
// milliseconds, memory (the most that workerd was seen to hold) in KiB.
import { readFileSync } from "node:fs";

const { COLLECTOR, KEY, PID, ROUNDS } = process.env;
const TYPES = ["given", "refused", "withdrawn", "expired", "requested", "lapsed"].map((name) => `consent.${name}`);
const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };

let memory = 0;
const look = () => {
  const [, held] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${PID}/status`, "utf8")) ?? [];
  memory = Math.max(memory, Number(held));
};
look();
const before = memory;
const looking = setInterval(look, 100);

async function ask(path, body) {
  const answer = await fetch(new URL(path, COLLECTOR), { method: body ? "POST" : "GET", headers, body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${text}`);
  return JSON.parse(text);
}

const people = new Set();
let events = 0, bytes = 0, cursor = "", more = true;
const begun = performance.now();
while (more) {
  const answer = await fetch(new URL(`/v1/events?limit=1000&types=${TYPES}&after=${cursor}`, COLLECTOR), { headers });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${text}`);
  bytes += text.length;
  const page = JSON.parse(text);
  events += page.events.length;
  if (people.size < 100_000) for (const { data } of page.events) if (data.subject.email) people.add(data.subject.email);
  ({ next: cursor, more } = page);
}
const pulled = performance.now() - begun;
const pulling = memory;

const known = [...people];
const times = [];
let allowed = 0;
for (let round = 0; round < Number(ROUNDS); round++) {
  const emails = [];
  for (let at = 0; at < 500; at++) emails.push(known[(round * 500 + at) % known.length], `nobody-${round}-${at}@example.net`);
  const body = JSON.stringify({ purpose: "STORE", emails });
  const start = performance.now();
  const checked = await ask("/v1/check", body);
  times.push(performance.now() - start);
  if (checked.results.length !== 1000 || checked.results.some(({ email }, at) => email !== emails[at])) throw new Error("not in the order asked");
  allowed += checked.allowed;
}
clearInterval(looking);
times.sort((a, b) => a - b);
const percentile = (share) => Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))]);
console.log(JSON.stringify({
  events, bytes, pulled: Math.round(pulled), known: known.length, allowed, p50: percentile(0.5), p99: percentile(0.99), before, pulling, memory,
}));
