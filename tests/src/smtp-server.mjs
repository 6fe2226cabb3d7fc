// A submission server at the mercy of the test: npm `smtp-server`, which Sayso did not write. What it does with a mail depends on
// the recipient's name: `refuse`, `later` (451 the first time), `stall` (no answer the first time), `drop` (takes the first one and
// hangs up without saying so). Each mail that it has taken is a file in DIR.
import { SMTPServer } from "smtp-server";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const { DIR, MODE, KEY, CERT } = process.env;
const tries = new Map();
let taken = 0;

const server = new SMTPServer({
  secure: MODE === "tls",
  key: readFileSync(KEY),
  cert: readFileSync(CERT),
  // "none": a server that knows no STARTTLS. "login": one that only knows the older of the two ways to log in.
  disabledCommands: { plain: ["STARTTLS", "AUTH"], none: ["STARTTLS"] }[MODE] ?? [],
  authMethods: MODE === "login" ? ["LOGIN"] : ["PLAIN", "LOGIN"],
  authOptional: MODE === "plain",
  disableReverseLookup: true,
  closeTimeout: 1000,
  onAuth({ method, username, password }, session, done) {
    const known = username === "us:er" && password === "p@ss/word";
    if (known) session.method = method;
    done(known ? null : new Error("Invalid username or password"), known ? { user: username } : undefined);
  },
  onRcptTo({ address }, session, done) {
    const name = address.split(/[.@]/)[0];
    const count = (tries.get(address) ?? 0) + 1;
    tries.set(address, count);
    const fail = (code, words) => done(Object.assign(new Error(words), { responseCode: code }));
    if (name === "refuse") return fail(550, `5.1.1 <${address}>: there is no such mailbox`);
    if (name === "later" && count === 1) return fail(451, "4.3.2 Please try again later");
    if (name === "stall" && count === 1) return;
    done();
  },
  onData(stream, session, done) {
    const chunks = [];
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("end", () => {
      const to = session.envelope.rcptTo[0].address;
      const mail = {
        from: session.envelope.mailFrom.address,
        to,
        hello: session.hostNameAppearsAs,
        secure: session.secure,
        user: session.user ?? null,
        method: session.method ?? null,
        at: Date.now(),
        raw: Buffer.concat(chunks).toString("base64"),
      };
      writeFileSync(join(DIR, `${String(taken++).padStart(4, "0")}.json`), JSON.stringify(mail));
      if (to.startsWith("drop") && tries.get(to) === 1) {
        for (const connection of server.connections) if (connection.id === session.id) connection._socket.destroy();
        return;
      }
      done();
    });
  },
});

server.on("error", (error) => console.error(error.message));
server.listen(0, "127.0.0.1", () => console.log(`smtp: ${server.server.address().port}`));
