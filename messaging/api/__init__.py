"""REST: the way in, and everything of a chat that is not live (protocol §1 and §7)."""
