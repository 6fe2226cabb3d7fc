// The demo CRM's receiver, small, for Node: verifies the webhook's signature with npm `standardwebhooks` and the receipt
// with npm `jose`. It keeps what it knows in memory only; a real CRM writes it to its database before answering 204.

import { createServer } from "node:http";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { Webhook } from "standardwebhooks";

const { PORT = "8790", WEBHOOK_SECRET, COLLECTOR } = process.env;
if (!WEBHOOK_SECRET || !COLLECTOR) {
  console.error("receiver: set WEBHOOK_SECRET (whsec_…) and COLLECTOR (the collector's origin)");
  process.exit(1);
}

const webhook = new Webhook(WEBHOOK_SECRET);
const keys = createRemoteJWKSet(new URL("/.well-known/jwks.json", COLLECTOR));
const seen = new Set();
const bodies = [];
const erased = new Set();
const names = {};
const people = {};
const newest = {};

async function receive(request) {
  let raw = "";
  for await (const chunk of request.setEncoding("utf8")) {
    raw += chunk;
    if (raw.length > 262_144) return [413, "too large for an event"];
  }

  // 1. The signature is over the bytes as they came: verify before trusting a word of them.
  let event;
  try {
    event = webhook.verify(raw, request.headers);
  } catch (error) {
    return [401, error.message];
  }

  // A test asks whether we want to be sent to at all. Nothing follows from it.
  const { data } = event;
  if (event.type === "endpoint.test") return [204];

  // 2. A delivery may come twice.
  if (seen.has(data.id)) return [204];

  // 3. A person was erased: forget it. There is no receipt, since there is nothing to prove.
  if (event.type === "subject.erased") {
    forget(data, raw);
    return [204];
  }

  // 4. The receipt proves the consent by itself, long after this delivery.
  try {
    const { payload } = await jwtVerify(data.receipt, keys, {
      algorithms: ["EdDSA"],
      issuer: COLLECTOR,
      typ: "consent-receipt+jwt",
    });
    if (!isOf(data, payload)) return [422, "receipt: it is of another change"];
  } catch (error) {
    // Keys that cannot be fetched now are no fault of the event: 503 asks for it again.
    const passing = !error.code?.startsWith("ERR_J") || error.code === "ERR_JWKS_TIMEOUT";
    return [passing ? 503 : 422, `receipt: ${error.message}`];
  }

  learn(event, raw);
  return [204];
}

// A genuine receipt of something else proves nothing here.
function isOf(data, { site, submission, consents }) {
  // Sending the boxes states what was asked for; every other act, what the consent came to.
  const states = ({ purpose, status, asked }) =>
    purpose === data.purpose && (status ?? asked) === data.status;
  return site === data.site && submission.id === data.submission && consents.some(states);
}

// An older change never hides a newer one, whatever the order of arrival.
function learn({ data }, raw) {
  if (seen.has(data.id)) return;
  seen.add(data.id);
  // It was on its way when the person was erased.
  if (erased.has(data.subject.id)) raw = withoutPerson(raw);
  bodies.push(raw);
  if (erased.has(data.subject.id)) return;
  // The id tells who it is: an address may come written in capitals the next time.
  const person = (names[data.subject.id] ??= data.subject.email ?? data.subject.id);
  const key = `${data.purpose} ${data.subject.id}`;
  if ((newest[key] ?? -1) > data.seq) return;
  newest[key] = data.seq;
  (people[person] ??= {})[data.purpose] = data.status;
}

// Takes a person out of everything that is known. What happened stays, under the id that means nothing to anybody any more.
function forget({ id, subject }, raw) {
  erased.add(subject.id);
  bodies.forEach((body, place) => {
    const known = JSON.parse(body).data;
    if (known.subject.id !== subject.id) return;
    bodies[place] = withoutPerson(body);
    delete people[names[subject.id]];
    delete newest[`${known.purpose} ${subject.id}`];
  });
  delete names[subject.id];
  seen.add(id);
  bodies.push(raw);
}

function withoutPerson(raw) {
  const event = JSON.parse(raw);
  event.data.subject = { id: event.data.subject.id, email: null };
  return JSON.stringify(event);
}

createServer(async (request, response) => {
  const route = `${request.method} ${request.url}`;
  if (route === "POST /webhooks") {
    const [status, reason = ""] = await receive(request);
    response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(reason);
  } else if (route === "GET /state.json") {
    // The bodies go out as they came in, byte for byte.
    const state = `{"events":[${bodies}],"people":${JSON.stringify(people)}}`;
    response.writeHead(200, { "content-type": "application/json" }).end(state);
  } else {
    response.writeHead(404).end("POST /webhooks or GET /state.json\n");
  }
}).listen(Number(PORT), "127.0.0.1", () => console.log(`receiver: http://localhost:${PORT}/webhooks`));
