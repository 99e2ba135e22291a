"""The fault suite: servers that are killed, paused and cut off, clients that speak only the protocol, and a checker.

`python -m tests.faults --seconds 600 --seed 7` is a long run, `make faults` the same with what it needs started for it.
"""
