"""The history checker: clients write down what they see, and `check` holds it against the contract and the logs.

It judges only what can be seen from outside, so it is as good for any other server that speaks the protocol.
"""

from client.checker.check import check
from client.checker.history import Entry, History
from client.checker.recorder import Recorder
from client.checker.report import Bounds, Report, Violation

__all__ = ["Bounds", "Entry", "History", "Recorder", "Report", "Violation", "check"]
