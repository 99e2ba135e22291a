"""The benchmark: real servers under load, each figure beside that of a plain consumer in the same run.

It talks to the servers as clients do and to the stores as their owner does, and imports nothing of ours.
"""
