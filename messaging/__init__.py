"""The domain: chats as gapless logs, true whatever the transport."""
