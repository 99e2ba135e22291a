"""The admin: who is here, what chats and connections there are, what was reported, and what a moderator does about it.

Tables are looked at and not edited: whatever changes a chat goes through its log. Every deed is in the audit.
"""

from messaging.admin import chats, connections, reports, users

__all__ = ["chats", "connections", "reports", "users"]
