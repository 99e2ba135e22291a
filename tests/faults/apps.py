"""The app inside a server under fault: it leaves the counters of the process, and breaks it where BROKEN says how."""

from __future__ import annotations

import faulthandler
import os
import signal
from pathlib import Path

from django.apps import AppConfig

from tests.faults.counters import keep_counters


class FaultsConfig(AppConfig):
    """Has no models: it is there for its `ready`."""

    name = "tests.faults"
    label = "faults"

    def ready(self) -> None:
        """Keep the counters, tell on SIGUSR1 where every thread is, and break what BROKEN names."""
        faulthandler.register(signal.SIGUSR1)
        keep_counters(Path(os.environ["LAYER_FAULTS"]).parent)
        name = os.environ.get("BROKEN")
        if name:
            from tests.faults.broken import VARIANTS

            VARIANTS[name]()
