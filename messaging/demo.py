"""Four people and what they have written so far: what a first look shows, made through the services like all else.

Every step names itself (usernames, `create_id`, message ids), so that a run that was cut short is finished by the next.
"""

from __future__ import annotations

from django.contrib.auth import get_user_model

from messaging import accounts, services
from messaging.models import Event
from messaging.policy import ChatKind

NAMES = ("ada", "grace", "linus", "margaret")
# What the page of an embedded server offers; nobody else's password is ever known.
LOGINS = [{"username": name, "password": f"onesocket-{name}"} for name in NAMES]

# create_id → title, members (the first makes it), messages. A title makes a group.
_CHATS: dict[str, tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]]] = {
    "demo-launch": (
        "Launch",
        ("grace", "ada", "linus", "margaret"),
        (
            ("grace", "Good morning! Thursday is the day. Who still has something open?"),
            ("linus", "The packages are built and signed. I would like one more restart test on the small machine."),
            ("margaret", "I went through the checklist twice. Step 7 says “wait”, but not for how long."),
            ("ada", "Until the last node has beaten, so 15 seconds. I will write it down."),
            ("margaret", "Thank you. Then nothing is open on my side 🚀"),
            ("linus", "Restart test done: 200 sockets came back, no message lost, none twice."),
            ("grace", "Lovely. Ada, could you prepare the announcement?"),
            ("ada", "It is in your inbox. Two paragraphs, no adjectives."),
        ),
    ),
    "demo-lunch": (
        "Lunch",
        ("linus", "ada", "margaret"),
        (
            ("linus", "12:30 at the usual place?"),
            ("ada", "They are closed on Mondays."),
            ("margaret", "The noodle bar next door is not."),
            ("linus", "Is that the one with the very hot soup?"),
            ("margaret", "They ask how hot. You said “yes” last time."),
            ("linus", "I have learned since."),
            ("ada", "12:30, noodles. I will keep three seats."),
            ("margaret", "👍"),
        ),
    ),
    "demo-ada-grace": (
        "",
        ("ada", "grace"),
        (
            ("ada", "Do you have a minute for the announcement?"),
            ("grace", "Reading it now."),
            ("grace", "I like it. Would you say “chat server” or “chat back end”?"),
            ("ada", "Server. Everybody knows what a server does."),
            ("grace", "Then let us also say what it does not do: it does not lose messages."),
            ("ada", "That is what the second paragraph was for!"),
            ("grace", "I saw. I want it first."),
            ("ada", "Done."),
        ),
    ),
    "demo-ada-linus": (
        "",
        ("ada", "linus"),
        (
            ("linus", "I pulled the network cable in the middle of a message."),
            ("ada", "And?"),
            ("linus", "It waited, came back and sent it. Once."),
            ("ada", "Did you also try it with the server gone?"),
            ("linus", "kill -9, twice. Same thing."),
            ("ada", "Then I have nothing left to worry about 🙂"),
            ("linus", "You will find something."),
            ("ada", "By lunch, probably."),
        ),
    ),
}
_LAST_ID = f"{list(_CHATS)[-1]}-{len(list(_CHATS.values())[-1][2])}"


def is_wanted() -> bool:
    """Tell whether the demo is still to be made: nobody but its own people, and its last message is missing."""
    users = get_user_model().objects
    return not users.exclude(username__in=NAMES).exists() and not Event.objects.filter(client_id=_LAST_ID).exists()


def list_logins() -> list[dict[str, str]]:
    """Return the logins of the demo's people who are here."""
    users = get_user_model().objects.filter(username__in=NAMES, is_active=True)
    present = set(users.values_list("username", flat=True))
    return [login for login in LOGINS if login["username"] in present]


def seed() -> None:
    """Make the people, their chats and their messages; what is there already stays as it is."""
    users = {login["username"]: _find_or_register(**login) for login in LOGINS}
    for create_id, (title, members, messages) in _CHATS.items():
        chat, _ = services.create_chat(
            creator=users[members[0]],
            kind=ChatKind.GROUP if title else ChatKind.PRIVATE,
            members=[users[name] for name in members],
            title=title,
            create_id=create_id,
        )
        for number, (sender, text) in enumerate(messages, start=1):
            services.send_message(sender=users[sender], chat=chat, id=f"{create_id}-{number}", text=text)


def _find_or_register(*, username: str, password: str) -> int:
    found = get_user_model().objects.filter(username=username).values_list("pk", flat=True).first()
    if found is not None:
        return int(found)
    user = accounts.register_user(username=username, password=password, display_name=username.capitalize())
    return int(user.pk)
