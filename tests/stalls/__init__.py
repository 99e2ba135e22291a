"""Peers and stores that do not answer for a while, with a real server: nobody else waits, and nothing is lost."""
