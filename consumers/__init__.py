"""The WebSocket edge: one consumer per user, with a stream per chat."""
