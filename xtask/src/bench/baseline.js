// The least that a durable record can cost here: a Worker, one Durable Object, one INSERT a request. What the collector is measured by.
import { DurableObject } from "cloudflare:workers";

export class Pile extends DurableObject {
  constructor(state, env) {
    super(state, env);
    this.sql = state.storage.sql;
    this.sql.exec("CREATE TABLE IF NOT EXISTS pile (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID");
  }

  async fetch(request) {
    if (request.method === "GET") return Response.json(this.sql.exec("SELECT count(*) AS rows FROM pile").one());
    const body = await request.text();
    const { id } = JSON.parse(body);
    this.sql.exec("INSERT INTO pile (id, body) VALUES (?, ?)", id, body);
    return Response.json({ id }, { status: 201 });
  }
}

export default {
  fetch: (request, env) => env.PILE.get(env.PILE.idFromName("one")).fetch(request),
};
