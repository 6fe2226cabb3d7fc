// Pulls all events from the beginning, as a CRM does, and says in one line of JSON what it saw and how long a page of 100 took.
// COLLECTOR, API_KEY and EVENTS (about how many there are) come from the environment. Times are in microseconds.
const { COLLECTOR, API_KEY, EVENTS } = process.env;
const types = ["given", "refused", "withdrawn", "expired", "requested", "lapsed"].map((name) => `consent.${name}`);
const headers = { authorization: `Bearer ${API_KEY}` };

// Pages are timed at this many places, spread over all events, and this many in a row at each.
const PLACES = 20;
const IN_A_ROW = 10;

// Before that, so many that are not: a collector that has just started is still being compiled.
const WARM_UP = 200;

async function pull(after, limit) {
  const url = new URL("/v1/events", COLLECTOR);
  url.search = new URLSearchParams({ after, limit, types });
  const start = performance.now();
  const answer = await fetch(url, { headers });
  const text = await answer.text();
  const took = (performance.now() - start) * 1000;
  if (!answer.ok) throw new Error(`${answer.status} ${text}`);
  return { page: JSON.parse(text), took };
}

for (let count = 0; count < WARM_UP; count++) await pull("", 100);

const submissions = new Set(), times = [];
let events = 0, cursor = "", more = true, next_place = 0;
while (more) {
  if (events >= next_place && times.length < PLACES * IN_A_ROW) {
    next_place += EVENTS / PLACES;
    let after = cursor;
    for (let count = 0; count < IN_A_ROW; count++) {
      const { page, took } = await pull(after, 100);
      if (page.events.length < 100) break;
      times.push(took);
      after = page.next;
    }
  }
  const { page } = await pull(cursor, 1000);
  for (const { data } of page.events) submissions.add(data.submission);
  events += page.events.length;
  ({ next: cursor, more } = page);
}
times.sort((a, b) => a - b);
const percentile = (share) => Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0);
console.log(JSON.stringify({ events, submissions: submissions.size, timed: times.length, p50: percentile(0.5), p99: percentile(0.99) }));
