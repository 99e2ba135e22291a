"""How to pull the plug of a peer: its kernel hears nothing from then on, and so answers nothing."""

from __future__ import annotations

import ctypes
import socket
import struct
from typing import Any

_SO_ATTACH_FILTER = 26  # Linux; Python has no name for it


def pull_plug(connection: Any) -> None:
    """Have the kernel drop whatever arrives for a socket, as if it were never sent."""
    # A socket filter of one instruction: return, of each packet, no bytes.
    program = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
    connection.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HxxxxxxP", 1, ctypes.addressof(program)))
