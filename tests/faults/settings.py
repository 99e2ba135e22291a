"""The settings of a server under fault: the project's own, with a channel layer whose messages can be lost on demand.

LAYER_FAULTS names the file that says what the layer does now; BROKEN names a fault built into the server itself.
"""

from __future__ import annotations

from project.settings import *  # noqa: F403
from project.settings import CHANNEL_LAYERS, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.apps.FaultsConfig"]
CHANNEL_LAYERS = {"default": {**CHANNEL_LAYERS["default"], "BACKEND": "tests.faults.layer.FaultyLayer"}}
# Accounts are made by the dozen.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
