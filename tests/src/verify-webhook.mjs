// Judges one delivery: `v1` with npm `standardwebhooks`, `v1a` with Node's own Ed25519. Input on the command line, as JSON:
// {headers, body, secrets: [whsec_…], keys: [whpk_…]}. Prints which of each verify.

import { createPublicKey, verify } from "node:crypto";
import { Webhook } from "standardwebhooks";

const { headers, body, secrets, keys } = JSON.parse(process.argv[2]);

const good = secrets.filter((secret) => {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
});

const content = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
const signatures = headers["webhook-signature"].split(" ").map((each) => each.split(","));
const goodKeys = keys.filter((key) => {
  const x = Buffer.from(key.replace(/^whpk_/, ""), "base64").toString("base64url");
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return signatures.some(
    ([name, value]) =>
      name === "v1a" && verify(null, content, publicKey, Buffer.from(value, "base64")),
  );
});

console.log(JSON.stringify({ secrets: good, keys: goodKeys }));
