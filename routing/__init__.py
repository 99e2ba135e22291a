"""Where a WebSocket is let in, and to which consumer it leads."""
