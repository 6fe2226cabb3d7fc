// A CRM that counts, and visitors for it. COLLECTOR, TOKEN, ORIGIN, NOTICE_HASH, SECONDS and BACKLOG come from the environment.
//
// First 25 submissions a second, each of which makes two events: how long from an event's commit (its `timestamp`) to its arrival here. Then
// the endpoint is disabled while BACKLOG events gather, and enabled: how many arrive in a second. One line of JSON at the end; times are in
// milliseconds. Order and repeats are counted in both.
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout as wait } from "node:timers/promises";

const { COLLECTOR, TOKEN, ORIGIN, NOTICE_HASH, SECONDS, BACKLOG } = process.env;
const A_SECOND = 25;

const times = [], seen = new Set();
let last = 0, misplaced = 0, repeated = 0, arrived = 0, firstAt = 0, lastAt = 0;

const crm = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const { type, timestamp, data } = JSON.parse(body);
  if (type !== "endpoint.test") {
    const now = Date.now();
    times.push(now - Date.parse(timestamp));
    if (seen.has(data.id)) repeated++;
    else if (data.seq < last) misplaced++;
    seen.add(data.id);
    last = Math.max(last, data.seq);
    firstAt ||= now;
    lastAt = now;
    arrived++;
  }
  response.writeHead(204).end();
});
await new Promise((done) => crm.listen(0, "127.0.0.1", done));

async function admin(method, path, body) {
  const answer = await fetch(new URL(`/v1/sites/bench/endpoints/crm${path}`, COLLECTOR), {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}

function uuid() {
  const bytes = Buffer.concat([Buffer.alloc(6), randomBytes(10)]);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 15);
  bytes[8] = 0x80 | (bytes[8] & 63);
  return bytes.toString("hex").replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

async function submit() {
  const id = uuid(), at = new Date(Date.now() - 1000).toISOString();
  const answer = await fetch(new URL("/v1/submissions", COLLECTOR), {
    method: "POST",
    headers: { "content-type": "application/json", origin: ORIGIN },
    body: JSON.stringify({
      id, site: "bench", form: "newsletter", lang: "en", notice_hash: NOTICE_HASH, subject: { email: `${id}@example.com` },
      choices: { STORE: true, EMARKETING: false }, source: "web_form", page: `${ORIGIN}/contact`, shown_at: at, decided_at: at,
      gpc: false, widget: "0.1.0",
    }),
  });
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
  await answer.arrayBuffer();
}

async function until(count) {
  for (let looks = 0; arrived < count; looks++) {
    if (looks > 3000) throw new Error(`${arrived} of ${count} events arrived within five minutes`);
    await wait(100);
  }
}

// At a steady pace, whatever each one takes.
async function paced(seconds) {
  const sent = [], start = performance.now();
  for (let count = 0; count < seconds * A_SECOND; count++) {
    await wait(Math.max(0, start + (count * 1000) / A_SECOND - performance.now()));
    sent.push(submit());
  }
  await Promise.all(sent);
  return sent.length * 2;
}

await admin("PUT", "", { url: `http://127.0.0.1:${crm.address().port}/` });
let expected = await paced(3);
await until(expected);
times.length = 0;
expected += await paced(Number(SECONDS));
await until(expected);
const sorted = times.toSorted((one, other) => one - other);
const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
const paces = { events: sorted.length, p50: at(0.5), p99: at(0.99), most: sorted.at(-1) };

await admin("POST", "/disable");
const backlog = Number(BACKLOG) / 2;
for (let sent = 0; sent < backlog; sent += 20) await Promise.all(Array.from({ length: 20 }, submit));
firstAt = 0;
const before = arrived;
await admin("POST", "/enable");
await until(before + backlog * 2);
const took = lastAt - firstAt;
console.log(JSON.stringify({ ...paces, backlog: backlog * 2, took, misplaced, repeated }));
process.exit(0);
