// Servers of this machine, one for each origin. All of them send what they have as an edge would: compressed by brotli, at 11.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { brotliCompressSync } from "node:zlib";

const TYPES = { ".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".json": "application/json" };

const compressed = new Map();

function compress(body) {
  const name = createHash("sha256").update(body).digest("hex");
  // 11 is what zlib takes unless told otherwise.
  if (!compressed.has(name)) compressed.set(name, brotliCompressSync(body));
  return compressed.get(name);
}

async function listen(answer) {
  const server = createServer((request, response) =>
    answer(request, response).catch((error) => {
      console.error(`${request.url}: ${error}`);
      response.writeHead(502).end();
    }),
  );
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { origin: `http://localhost:${server.address().port}`, close: () => server.close(), server };
}

function send(response, status, headers, body) {
  const compresses = body.length > 0 && !headers["content-encoding"];
  const bytes = compresses ? compress(body) : body;
  if (compresses) headers["content-encoding"] = "br";
  response.writeHead(status, { ...headers, "content-length": bytes.length }).end(bytes);
}

/** A page, and the files of one folder. */
export const folder = (html, files) =>
  listen(async (request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname);
    if (path === "/") return send(response, 200, { "content-type": "text/html; charset=utf-8" }, Buffer.from(html));
    const file = files && join(files, path);
    if (!file || !existsSync(file)) return send(response, 404, {}, Buffer.alloc(0));
    const headers = { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "cache-control": "max-age=600" };
    send(response, 200, headers, readFileSync(file));
  });

/** What another origin answers. Where it names itself or one of the others, the new names stand. */
export async function front(origin, renamed) {
  return listen(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { host, connection, "content-length": _, ...headers } = request.headers;
    // Node's fetch takes compressed bodies apart, and would hide how they came.
    const answer = await plain(origin + request.url, request.method, headers, Buffer.concat(chunks));
    const { connection: _1, "keep-alive": _2, "transfer-encoding": _3, ...given } = answer.headers;
    const text = /html/.test(given["content-type"] ?? "");
    const body = text ? Buffer.from(rename(answer.body.toString(), renamed)) : answer.body;
    if (given["content-security-policy"]) given["content-security-policy"] = rename(given["content-security-policy"], renamed);
    send(response, answer.status, given, body);
  });
}

const rename = (text, renamed) => Object.entries(renamed).reduce((text, [before, after]) => text.replaceAll(before, after), text);

async function plain(url, method, headers, body) {
  const { request } = await import("node:http");
  return new Promise((done, failed) => {
    const asking = request(url, { method, headers }, async (answer) => {
      const chunks = [];
      for await (const chunk of answer) chunks.push(chunk);
      done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) });
    });
    asking.on("error", failed).end(body);
  });
}
