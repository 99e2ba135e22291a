"""Direct delivery: a message goes to whoever is attached by a plain call."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)

Message = dict[str, Any]
Sink = Callable[[Message], None]


def deliver(sink: Sink, message: Message) -> bool:
    """Call a sink and tell whether the message was taken; one receiver's failure is not another's."""
    try:
        sink(message)
    except Exception:
        logger.exception("A layer message was not taken.")
        return False
    return True
