"""The conformance kit: three people talk over any server that speaks chat.v1, and what they see is held against it.

It knows nothing of a server but its address: C1 to C6 are judged by `client.checker`, the shape of each frame by the types
of the protocol, and each error that can be provoked from outside by the table of codes.
"""

from client.conformance.judge import judge
from client.conformance.verdict import Refusal, Verdict

__all__ = ["Refusal", "Verdict", "judge"]
