"""A CRM's receiver for Sayso's webhooks: PyPI `standardwebhooks` verifies, SQLite remembers, the rest is Python's own.

It answers 204 once an event is stored and 401 to what it cannot verify. It shows nobody what it knows: `receiver.py show` does, here.
Set WEBHOOK_SECRET (whsec_…); PORT and DATABASE are 8790 and crm.sqlite where they are not set.
"""

import json
import os
import sqlite3
import sys
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

PORT = int(os.environ.get("PORT", "8790"))
DATABASE = os.environ.get("DATABASE", "crm.sqlite")
LARGEST = 256 * 1024  # bytes; an event has a few thousand

TABLES = """
CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, subject TEXT, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS consent (
    subject TEXT NOT NULL, purpose TEXT NOT NULL, email TEXT, status TEXT NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (subject, purpose)
);
CREATE TABLE IF NOT EXISTS erased (subject TEXT PRIMARY KEY);
"""


def database():
    connection = sqlite3.connect(DATABASE, timeout=10)
    connection.executescript(TABLES)
    return closing(connection)


def receive(headers, body):
    """Gives the status and the reason that the collector is answered."""
    # 1. Verify before reading a word: the signature, which is over the bytes as they came, and the moment, within five minutes.
    try:
        event = webhook.verify(body, headers)
    except (WebhookVerificationError, ValueError) as error:
        # The library says ValueError of a header that is no signature at all.
        return 401, str(error)

    # 2. "May I send to you?" It changes nothing.
    if event["type"] == "endpoint.test":
        return 204, ""

    # 3. All or nothing, and only then 204: what is acknowledged is on the disk. Whatever takes long (a mail, another system) is
    #    the work of a job that reads the table `event`; Sayso waits 15 seconds and then sends the event again.
    with database() as connection, connection:
        store(connection, headers["webhook-id"], event, body.decode())
    return 204, ""


def store(connection, webhook_id, event, body):
    data = event["data"]
    subject = data["subject"]["id"]

    # 4. A delivery may come twice, under the same id. Once is enough.
    new = connection.execute("INSERT OR IGNORE INTO event VALUES (?, ?, ?)", (webhook_id, subject, body))
    if new.rowcount == 0:
        return

    # 5. The person is to be forgotten: whatever names them goes, and what was still on its way does not bring them back.
    if event["type"] == "subject.erased":
        connection.execute("INSERT OR IGNORE INTO erased VALUES (?)", (subject,))
    if connection.execute("SELECT 1 FROM erased WHERE subject = ?", (subject,)).fetchone():
        connection.execute("UPDATE event SET body = '' WHERE subject = ?", (subject,))
        connection.execute("DELETE FROM consent WHERE subject = ?", (subject,))
        return

    # 6. A type that is not known here (yet) is kept and acknowledged.
    if not event["type"].startswith("consent."):
        return

    # 7. `given` is the only status that allows anything. An old event may come late, after a replay: the higher `seq` counts.
    connection.execute(
        "INSERT INTO consent VALUES (?, ?, ?, ?, ?) ON CONFLICT (subject, purpose) DO UPDATE SET"
        " email = excluded.email, status = excluded.status, seq = excluded.seq WHERE excluded.seq > consent.seq",
        (subject, data["purpose"], data["subject"]["email"], data["status"], data["seq"]),
    )


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("content-length") or 0)
        if self.path != "/webhooks":
            self.answer(404, "POST /webhooks")
        elif length > LARGEST:
            # Who is answered while still sending sees a broken connection and no answer: take some of it first.
            self.rfile.read(min(length, 4 * LARGEST))
            self.answer(413, "too large for an event")
        else:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.answer(*receive(headers, self.rfile.read(length)))

    def answer(self, status, reason):
        self.send_response(status)
        if status != 204:
            self.send_header("content-type", "text/plain; charset=utf-8")
            self.send_header("content-length", str(len(reason.encode())))
        self.end_headers()
        if status != 204:
            self.wfile.write(reason.encode())

    def log_request(self, code="-", size="-"):
        pass  # no log of what came: an address is personal data


def show():
    """What is known, as JSON: the newest status by address (or id) and purpose, and the ids of all events in order of arrival."""
    with database() as connection:
        people = {}
        rows = connection.execute("SELECT COALESCE(email, subject), purpose, status FROM consent")
        for person, purpose, status in rows:
            people.setdefault(person, {})[purpose] = status
        events = [id for (id,) in connection.execute("SELECT id FROM event ORDER BY rowid")]
    print(json.dumps({"people": people, "events": events}))


if sys.argv[1:] == ["show"]:
    show()
    sys.exit()
if not os.environ.get("WEBHOOK_SECRET", "").startswith("whsec_"):
    sys.exit("receiver: set WEBHOOK_SECRET (whsec_…), the secret of the endpoint")
webhook = Webhook(os.environ["WEBHOOK_SECRET"])
print(f"receiver: http://localhost:{PORT}/webhooks", flush=True)
ThreadingHTTPServer(("127.0.0.1", PORT), Receiver).serve_forever()
