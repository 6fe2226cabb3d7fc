// Pulls all events of each ledger from the beginning, as a CRM does, and says in one line of JSON what it saw and how long pages of
// 100 took. LEDGERS in the environment: `[{"collector", "key", "events"}]`, events being about how many there are. Times are in
// microseconds. The ledgers take turns, so that whatever else this machine does meanwhile it does to all of them.
const TYPES = ["given", "refused", "withdrawn", "expired", "requested", "lapsed"].map((name) => `consent.${name}`);

// Pages are timed at this many places, spread over all events, and this many in a row at each.
const PLACES = 20;
const IN_A_ROW = 10;

// Before that, so many that are not: a collector that has just started is still being compiled.
const WARM_UP = 200;

async function pull({ collector, key }, after, limit) {
  const url = new URL("/v1/events", collector);
  url.search = new URLSearchParams({ after, limit, types: TYPES });
  const start = performance.now();
  const answer = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
  const text = await answer.text();
  const took = (performance.now() - start) * 1000;
  if (!answer.ok) throw new Error(`${answer.status} ${text}`);
  return { page: JSON.parse(text), took };
}

// Goes from the first event to the last, and stops after each place.
async function* walk(ledger, seen) {
  for (let count = 0; count < WARM_UP; count++) await pull(ledger, "", 100);
  let cursor = "", more = true, next_place = 0;
  while (more) {
    if (seen.events >= next_place) {
      yield;
      next_place += ledger.events / PLACES;
      let after = cursor;
      for (let count = 0; count < IN_A_ROW; count++) {
        const { page, took } = await pull(ledger, after, 100);
        if (!page.more) break;
        seen.times.push(took);
        after = page.next;
      }
    }
    const { page } = await pull(ledger, cursor, 1000);
    for (const { data } of page.events) seen.submissions.add(data.submission);
    seen.events += page.events.length;
    ({ next: cursor, more } = page);
  }
}

const walks = JSON.parse(process.env.LEDGERS).map((ledger) => {
  const seen = { events: 0, submissions: new Set(), times: [] };
  return { seen, walk: walk(ledger, seen) };
});
let under_way = walks;
while (under_way.length > 0) {
  const ends = [];
  for (const { walk } of under_way) ends.push((await walk.next()).done);
  under_way = under_way.filter((_, at) => !ends[at]);
}

const said = walks.map(({ seen: { events, submissions, times } }) => {
  times.sort((a, b) => a - b);
  const percentile = (share) => Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0);
  return { events, submissions: submissions.size, p50: percentile(0.5), p99: percentile(0.99) };
});
console.log(JSON.stringify(said));
