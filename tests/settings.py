"""The settings of the tests: the project's, with the stores the run was started with and all else at its default.

Waits are a tenth, passwords are hashed fast and HTTP is not throttled; a test of one of these sets it itself.
"""

import os
import tempfile
from pathlib import Path

from project import env

# A developer's own settings are not what is tested.
for _name in env.list_defaults().keys() - {"DATABASE_URL", "REDIS_URL"}:
    os.environ.pop(_name, None)
os.environ.update(DOTENV=os.devnull, SECRET_KEY="only for tests, and long enough for it", THROTTLES="0")

from project.settings import *  # noqa: E402, F403
from project.settings import DATABASES, INSTALLED_APPS, ONESOCKET, SIMPLE_JWT, environment  # noqa: E402

_WAITS = {name: value for name, value in ONESOCKET["LIMITS"].items() if name.endswith("_seconds")}
# A time to live in the cache is a whole number.
ONESOCKET["LIMITS"] |= {name: value / 10 if value % 10 else value // 10 for name, value in _WAITS.items()}
SIMPLE_JWT["LEEWAY"] = ONESOCKET["LIMITS"]["token_leeway_seconds"]

# Its own `flush`.
INSTALLED_APPS += ["tests"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if environment.embedded:
    # A file: each thread would have an in-memory database of its own. Its commits do not wait for the disk, which may be busy
    # for longer than a handshake may take.
    DATABASES["default"]["TEST"] = {"NAME": Path(tempfile.gettempdir()) / f"onesocket-{os.getpid()}.sqlite3"}
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
