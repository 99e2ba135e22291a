"""Runs the terminal client without Django."""

from __future__ import annotations

import sys

from client.terminal.program import main

sys.exit(main())
