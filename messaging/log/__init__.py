"""The log of every chat: the only place that numbers and inserts events, and where they are read in order."""

from messaging.log.append import Batch, append
from messaging.log.read import LogPage, Position, read, read_as_member

__all__ = ["Batch", "LogPage", "Position", "append", "read", "read_as_member"]
