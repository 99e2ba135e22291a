"""What the kernel knows of a peer, where a ping tells nothing because it waits behind data that is not read."""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
from typing import Any

# What the kernel takes for one peer; without a bound it is up to 4 MB each, unseen by every bound of ours.
_SEND_BUFFER_BYTES = 256 * 1024
# The beginning of Linux's tcp_info: how often something was sent again, how many probes of a closed window are not answered,
# and how many milliseconds ago data was sent and an answer came.
_TCP_INFO = struct.Struct("=2xBB40xI8xI")


def bound_send_buffer(listener: Any) -> None:
    """Have the kernel keep no more than a bound for each of the connections that a listening socket accepts."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)


def count_unacknowledged(connection: Any) -> int:
    """Return how many bytes the kernel holds that the peer has not acknowledged; 0 for a closed socket."""
    try:
        return int(struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0])
    except (OSError, ValueError):
        return 0


def is_silent(connection: Any) -> bool:
    """Tell whether the peer's kernel has not answered the last thing sent to it; False where this cannot be known.

    That of a peer that does not read still answers, be it to say that it takes nothing.
    """
    try:
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
    except (AttributeError, OSError):  # not Linux, or not TCP
        return False
    retransmits, probes, since_sent, since_answer = _TCP_INFO.unpack(info)
    return bool(probes or (retransmits and since_answer > since_sent))
