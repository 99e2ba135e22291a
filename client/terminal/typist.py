"""When to tell the others that this person is typing: pure, the time is an argument."""

from __future__ import annotations

# The server relays it once in 3 s and receivers drop it after 6 s (protocol §4).
REPEAT_SECONDS = 3.0
# Nothing typed for so long: no longer typing, whatever stands in the line.
IDLE_SECONDS = 5.0


class Typist:
    """What the others were told last."""

    def __init__(self) -> None:
        self._on = False
        self._told_at = 0.0
        self._typed_at = 0.0

    def typed(self, text: str, now: float) -> bool | None:
        """Return what to tell them now that the line is `text`; None where they know."""
        if not text.strip() or (text.startswith("/") and not text.startswith("//")):
            return self.stop()
        self._typed_at = now
        if self._on and now < self._told_at + REPEAT_SECONDS:
            return None
        self._on, self._told_at = True, now
        return True

    def look(self, now: float) -> bool | None:
        """Return what to tell them while nothing happens."""
        return self.stop() if now >= self._typed_at + IDLE_SECONDS else None

    def stop(self) -> bool | None:
        """The line was sent or left."""
        was, self._on = self._on, False
        return False if was else None
