"""Tryton, a CRM that Sayso did not write: a database in DIR on the first start, then the server on PORT.

It prints `key: …`, the key of a validated user application, and `list: …`, the id of a mailing list, before it serves.
"""

import os
import pathlib
import subprocess
import sys

folder = pathlib.Path(os.environ["DIR"])
programs = pathlib.Path(sys.executable).parent
config = folder / "trytond.conf"
database = folder / "db"


def admin(*arguments):
    subprocess.run(
        [sys.executable, programs / "trytond-admin", "-c", config, "-d", "crm", *arguments],
        check=True,
        env={**os.environ, "TRYTONPASSFILE": str(folder / "password")},
    )


is_new = not config.exists()
if is_new:
    database.mkdir(parents=True)
    (database / "crm.sqlite").touch()
    (folder / "password").write_text("of-no-use-to-anybody-9f")
    admin_config = [
        "[database]",
        f"uri = sqlite://{database}",
        f"path = {database}",
        "[web]",
        f"listen = 127.0.0.1:{os.environ['PORT']}",
    ]
    config.write_text("\n".join(admin_config) + "\n")
    admin("--all", "--email", "admin@example.org")
    admin("-u", "party", "marketing_email", "--activate-dependencies")

    from trytond.config import config as settings

    settings.update_etc(str(config))
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    Pool.start()
    pool = Pool("crm")
    with Transaction().start("crm", 0, context={}):
        pool.init()
    with Transaction().start("crm", 0, context={}):
        (user,) = pool.get("res.user").search([("login", "=", "admin")])
        Application = pool.get("res.user.application")
        (application,) = Application.create(
            [{"user": user.id, "application": "rest", "state": "validated"}]
        )
        (news,) = pool.get("marketing.email.list").create([{"name": "Newsletter"}])
        (folder / "key").write_text(application.key)
        (folder / "list").write_text(str(news.id))

print("key:", (folder / "key").read_text())
print("list:", (folder / "list").read_text(), flush=True)
trytond = str(programs / "trytond")
os.execv(sys.executable, [sys.executable, trytond, "-c", str(config), "-d", "crm"])
