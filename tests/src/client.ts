// A CRM's journey with a client that was generated from the OpenAPI document: npm `openapi-typescript` made api.d.ts beside this file, npm
// `openapi-fetch` asks. Each path, field and status below is checked by the compiler.

import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { env: Record<string, string>; exitCode: number };
const { COLLECTOR, ADMIN_TOKEN, EMAIL } = process.env;

const bearing = (token: string) =>
  createClient<paths>({ baseUrl: COLLECTOR, headers: { Authorization: `Bearer ${token}` } });

/** What was answered, or an error with the collector's own words. */
function good<T>(answer: { data?: T; error?: components["schemas"]["Problem"] }): T {
  if (answer.data === undefined) throw new Error(answer.error?.detail ?? "no answer");
  return answer.data;
}

// The operator makes a key for the CRM.
const operator = bearing(ADMIN_TOKEN);
const key = good(
  await operator.PUT("/v1/sites/{site}/keys/{key}", {
    params: { path: { site: "demo", key: "typescript" } },
    body: { scopes: ["events:read", "subjects:read", "subjects:write"] },
  }),
);

// Somebody says yes on the telephone.
const crm = bearing(key.secret ?? "");
const recorded = good(
  await crm.POST("/v1/consents", {
    body: {
      consents: [
        {
          id: crypto.randomUUID(),
          form: "newsletter",
          lang: "nl",
          subject: { email: EMAIL },
          choices: { STORE: true },
          source: "phone",
          decided_at: new Date().toISOString(),
          actor: { kind: "staff", id: "kim" },
        },
      ],
    },
  }),
);

// The CRM pulls what happened, page by page.
const events: components["schemas"]["Event"][] = [];
for (let after = "", more = true; more; ) {
  const page = good(await crm.GET("/v1/events", { params: { query: { after, limit: 50 } } }));
  // Lines of JSON come to those who ask for them by `Accept`.
  if (typeof page === "string") throw new Error("a page of lines, which nobody asked for");
  events.push(...page.events);
  ({ next: after, more } = page);
}

// It looks the person up, and how they stand.
const person = good(await crm.POST("/v1/subjects/lookup", { body: { email: EMAIL } }));
const standing = good(
  await crm.GET("/v1/subjects/{id}/consents", { params: { path: { id: person.id } } }),
);

// Nobody of another address is known: an error is a problem with words, of a type that the compiler knows.
const nobody = await crm.POST("/v1/subjects/lookup", { body: { email: "nobody@example.org" } });

console.log(
  JSON.stringify({
    recorded: recorded.results.length,
    told: events.filter((event) => event.data.subject.id === person.id).map((event) => event.type),
    standing: standing.consents,
    nobody: nobody.error?.status,
  }),
);
