"""The first requests of a process come at once, in threads of their own.

msgspec finds out at its first use of a struct what it is made of; two threads that do so at once crash the process. So it has
to be known before the first request.
"""

from __future__ import annotations

import os
import subprocess
import sys

UNKNOWN = """
import gc
import django
django.setup()
import msgspec
from messaging import conf
from messaging.api import bodies

def is_known(kind):
    return any(type(each).__name__ == "StructInfo" for each in gc.get_referents(kind))

kinds = [each for each in vars(bodies).values() if isinstance(each, type) and issubclass(each, msgspec.Struct)]
print(len(kinds), [kind.__name__ for kind in [conf.Settings, conf.Limits, *kinds] if not is_known(kind)])
"""


def test_what_bodies_and_settings_are_made_of_is_known_before_the_first_request():
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "DOTENV": os.devnull,
        "SECRET_KEY": "s" * 50,
    }
    told = subprocess.run([sys.executable, "-c", UNKNOWN], env=environment, capture_output=True, text=True, check=True)
    count, unknown = told.stdout.split(maxsplit=1)
    assert (int(count) > 10, unknown.strip()) == (True, "[]")
