"""A chat client for a terminal, and the example of an application on `client`: `python -m client.terminal --user ada`.

One console (`tty` or a plain one) takes lines and shows lines; `Listener` follows what the client tells and `Actions`
does what the person types. Both work on a `Desk`: what is known, what is open, and what stands on the screen.
"""
