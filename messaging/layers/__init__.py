"""The two channel layers of this app: Redis pub/sub and in memory, with direct delivery.

Both speak the ordinary channel-layer API and add three calls, which `fanout` and the consumer use where they are there:
`attach(channel, sink)`: messages for the channel go to `sink(message)`, a plain call, decoded once per process and shared
by all receivers, who must not change them, until `detach(channel)`; `join(groups, channel)` and `leave(groups, channel)`:
many groups in one round trip, a join complete when the subscription is confirmed; `send_groups([(group, message)])`: many
messages in one round trip, in order, and those who are attached in this very process are called at once, whatever the broker
does. `group_send` goes by way of the broker to everybody.
"""

from messaging.layers.in_memory import InMemoryLayer
from messaging.layers.redis_pubsub import RedisPubSubLayer
from messaging.layers.sinks import Message, Sink

__all__ = ["InMemoryLayer", "Message", "RedisPubSubLayer", "Sink"]
