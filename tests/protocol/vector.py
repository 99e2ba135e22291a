"""The vectors of chat.v1 as the tests read them; docs/vectors.md describes the files, and a test compares it with this."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from msgspec import Struct

FOLDER = Path(__file__).parent / "vectors"

Frame = dict[str, Any]
# A text that is too long to be written out: pieces, those of them that come more than once with how often.
Text = str | list[str | tuple[str, int]]


class Command(Struct, frozen=True, forbid_unknown_fields=True):
    """What a server reads from a good frame: every field, defaults included, that is not null or an empty list."""

    type: str
    fields: Frame


class Refusal(Struct, frozen=True, forbid_unknown_fields=True):
    """What a server answers to a bad frame; `id` is null where none could be read."""

    code: str
    id: str | None
    field: str | None = None
    chat: int | None = None


class ClientVector(Struct, frozen=True, forbid_unknown_fields=True):
    """A frame of a client, or the text of what is none."""

    name: str
    direction: Literal["client"]
    frame: Frame | Text

    @property
    def text(self) -> str:
        """The text message."""
        return json.dumps(self.frame, ensure_ascii=False) if isinstance(self.frame, dict) else join(self.frame)


class GoodFrame(ClientVector, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A frame that is a command."""

    expect: Command


class BadFrame(ClientVector, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A frame that is refused before anything is done."""

    expect: Refusal


class Given(Struct, frozen=True, forbid_unknown_fields=True):
    """A client with an open connection: the last seq applied of each chat, and the writes that are not answered."""

    user: int
    epoch: str
    seq: dict[str, int]
    outbox: list[Frame] = []


class Outcome(Struct, frozen=True, forbid_unknown_fields=True):
    """What a client does about a frame, in order; where it stands then; and what it sends because of it."""

    actions: list[Frame]
    seq: dict[str, int]
    epoch: str | None = None
    outbox: list[str] = []
    sends: list[Frame] = []


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    """One frame of the server; before a `ready` the client has connected anew and said `hello`."""

    frame: Frame
    expect: Outcome
    hello: Frame | None = None


class ServerVector(Struct, frozen=True, forbid_unknown_fields=True):
    """Frames of a server, one after another, and what they are to a client; without `given` it has no past."""

    name: str
    direction: Literal["server"]
    steps: list[Step]
    given: Given | None = None


Vector = GoodFrame | BadFrame | ServerVector


def join(text: Text) -> str:
    """Return the text that the pieces make."""
    if isinstance(text, str):
        return text
    return "".join(piece if isinstance(piece, str) else piece[0] * piece[1] for piece in text)


def read(path: Path) -> list[Vector]:
    """Read one file of vectors."""
    return [msgspec.convert(vector, _kind_of(vector)) for vector in json.loads(path.read_text(encoding="utf-8"))]


def _kind_of(vector: Frame) -> type[Vector]:
    if vector["direction"] == "server":
        return ServerVector
    return BadFrame if "code" in vector["expect"] else GoodFrame


FILES: dict[str, list[Vector]] = {path.stem: read(path) for path in sorted(FOLDER.glob("*.json"))}


def each(*kinds: type[Vector]) -> pytest.MarkDecorator:
    """Run a test once for each vector of these kinds, named as in its file."""
    named = [(f"{file}: {vector.name}", vector) for file, vectors in FILES.items() for vector in vectors]
    chosen = [pytest.param(vector, id=name) for name, vector in named if isinstance(vector, kinds)]
    return pytest.mark.parametrize("vector", chosen)


def server_frames() -> list[Frame]:
    """Return every frame that a server sends in a vector."""
    vectors = [vector for vectors in FILES.values() for vector in vectors if isinstance(vector, ServerVector)]
    return [step.frame for vector in vectors for step in vector.steps]
