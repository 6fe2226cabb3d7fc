// A CRM behind TLS whose certificate changes while it runs. `PUT /NAME` on the control port puts NAME.pem and NAME.key of DIR in place
// and ends every connection; `GET /` there gives the deliveries it has taken, as JSON.
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { join } from "node:path";

const { DIR } = process.env;
const certificate = (name) => ({
  key: readFileSync(join(DIR, `${name}.key`)),
  cert: readFileSync(join(DIR, `${name}.pem`)),
});

const taken = [];
const receiver = https.createServer(certificate("good"), (request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (part) => (body += part));
  request.on("end", () => {
    taken.push(JSON.parse(body));
    response.writeHead(204).end();
  });
});

const control = http.createServer((request, response) => {
  if (request.method === "PUT") {
    receiver.setSecureContext(certificate(request.url.slice(1)));
    receiver.closeAllConnections();
  }
  response.end(JSON.stringify(taken));
});

receiver.listen(0, "localhost", () => {
  control.listen(0, "localhost", () => {
    console.log(`ports: ${receiver.address().port} ${control.address().port}`);
  });
});
