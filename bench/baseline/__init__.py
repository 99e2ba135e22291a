"""What this project is compared with: a chat on Django and Channels as tutorials build it, one socket for all chats.

The same database server, Redis and frames; the membership is asked for each message, the message is stored with
`objects.create`, and `group_send` on channels-redis's default layer takes it to the members. No numbers, no resume, no
repeat of an id is noticed. Two things are better than usual, so that they are not what is measured: database connections
persist, and the sender gets its ack instead of a copy.
"""
