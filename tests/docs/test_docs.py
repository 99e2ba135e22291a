"""The documents say what the code does: names, numbers, addresses and examples are compared with it."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import tomllib

import pytest

from messaging.conf import Limits
from messaging.protocol.codec import Codec
from messaging.protocol.frames import Hello, History, MessageSend, Ping, Read, Typing
from messaging.runtime import ensure_runtime
from project.env import list_defaults
from tests.docs.markdown import DOCUMENTS, ROOT, Document, codes
from tests.vocabulary import PATIENCE

README = Document("README.md")
ARCHITECTURE = Document("docs/architecture.md")
OPERATIONS = Document("docs/operations.md")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EVERY_DOCUMENT = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def as_text(default: object) -> str:
    """Return a default as the tables write it."""
    match default:
        case None:
            return "—"
        case bool():
            return str(int(default))
        case tuple():
            return ",".join(default)
    return f"{default:g}" if isinstance(default, float) else str(default)


@EVERY_DOCUMENT
def test_links_lead_somewhere(path):
    document = Document(str(path.relative_to(ROOT)))
    for link in document.links:
        target, _, anchor = link.partition("#")
        if "://" in target:
            continue
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), link
        assert not anchor or anchor in Document(str(file.relative_to(ROOT))).anchors, link


@EVERY_DOCUMENT
def test_variables_are_told_with_their_defaults(path):
    defaults = list_defaults()
    for name, *rest in Document(str(path.relative_to(ROOT))).rows():
        if name.strip("`") in defaults:
            assert rest[0].strip("`") == as_text(defaults[name.strip("`")]), name


@EVERY_DOCUMENT
def test_files_and_functions_that_are_named_exist(path):
    named = re.findall(r"`((?:\w+/)+\w+\.py)(?::(\w+))?`", path.read_text(encoding="utf-8"))
    for file, name in named:
        code = (ROOT / file).read_text()
        assert re.search(rf"^\s*(?:async )?(?:def|class) {name}\b", code, re.MULTILINE), f"{file}:{name}"


def test_operations_lists_every_variable_once_and_no_other():
    named = [codes(row[0])[0] for row in OPERATIONS.rows("Environment")]
    assert sorted(named) == sorted(list_defaults())


def test_operations_shows_the_procfile():
    assert (ROOT / "Procfile").read_text() in OPERATIONS.blocks()


async def test_operations_shows_what_the_health_check_answers(async_client):
    answer = await async_client.get("/healthz")
    assert f"`GET /healthz` answers `{answer.content.decode()}`" in OPERATIONS.text


@pytest.mark.django_db(transaction=True)
async def test_operations_shows_what_the_readiness_check_answers(async_client):
    shown = {row[0] for row in OPERATIONS.tables("Health")[0]}
    answers, registers = set(), threading.Event()
    runtime = ensure_runtime()
    runtime.beat._lane.submit(registers.wait, PATIENCE)
    for state in ("starting", "ok", "deaf", "draining"):
        if state != "starting":
            registers.set()
            await runtime.beat.registered()
        runtime.canary.deaf, runtime.draining = state == "deaf", state == "draining"
        answer = await async_client.get("/readyz")
        answers.add(f"{answer.status_code} `{answer.content.decode()}`")
    assert answers == shown


def test_waits_in_the_prose_of_architecture_are_the_defaults():
    limits, text = Limits(), " ".join(ARCHITECTURE.section("Claim, beat and sweep").split())
    assert f"every {limits.beat_seconds:g} seconds" in text
    assert f"every {limits.sweep_seconds:g} seconds" in text
    assert f"silent for {limits.node_silence_seconds:g} seconds" in text


def test_readme_names_every_verb_of_the_makefile_and_no_other():
    verbs = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {codes(row[0])[0] for row in README.tables("Two commands")[0]} == {f"make {verb}" for verb in verbs}
    for path in DOCUMENTS:
        assert set(re.findall(r"(?:`|^|=\d+ )make ([a-z-]+)", path.read_text(), re.MULTILINE)) <= verbs, path


def test_frames_of_the_readme_are_commands_and_answers():
    lines = [line for block in README.blocks() for line in block.splitlines()]
    codec = Codec(frame_bytes=Limits().frame_bytes, text_chars=Limits().text_chars)
    typed = [type(codec.decode(line[2:])) for line in lines if line.startswith("> {")]
    assert {Hello, MessageSend, History, Typing, Read, Ping} == set(typed)
    told = {json.loads(line[2:])["type"] for line in lines if line.startswith("< {")}
    assert told == {"ready", "caught_up", "ack", "error", "message.created", "read", "bye"}


def test_readme_names_the_python_that_the_tools_are_told():
    ((major, minor),) = re.findall(r"Python (\d+)\.(\d+) or newer", README.text)
    assert PYPROJECT["tool"]["ruff"]["target-version"] == f"py{major}{minor}"
    assert PYPROJECT["tool"]["mypy"]["python_version"] == f"{major}.{minor}"
    assert f"sys.version_info < ({major}, {minor})" in (ROOT / "scripts/bootstrap.sh").read_text()


def test_readme_names_every_folder_of_the_tree():
    named = {codes(row[0])[0] for row in README.tables("How it is laid out")[0]}
    assert all((ROOT / folder).is_dir() for folder in named)
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert {f"{file.split('/')[0]}/" for file in files if "/" in file and file[0] != "."} <= named


def test_architecture_has_the_layers_that_the_linter_holds():
    of_parts, of_messaging = (
        contract["layers"]
        for contract in PYPROJECT["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    parts, inside = ARCHITECTURE.tables("What may import what")
    assert [codes(row[0])[0] for row in parts] == of_parts
    held = [(set(re.findall(r"\w+", layer)), re.search("[:|]", layer)) for layer in of_messaging]
    freedoms = {":": "free", "|": "never"}
    assert [(set(codes(modules)), freedom) for modules, freedom in inside] == [
        (modules, freedoms[separator[0]] if separator else "") for modules, separator in held
    ]


def test_every_decision_is_listed_and_says_why_what_and_what_follows():
    decisions = sorted((ROOT / "docs/decisions").iterdir())
    listed = [link for link in Document("docs/architecture.md").links if link.startswith("decisions/")]
    assert {f"decisions/{path.name}" for path in decisions} == set(listed)
    for number, path in enumerate(decisions, start=1):
        title, *sections = Document(str(path.relative_to(ROOT))).headings
        assert title.startswith(f"{number:04}: ")
        assert path.name.startswith(f"{number:04}-")
        assert sections == ["Context", "Decision", "Consequences"]


def test_changelog_keeps_its_form():
    versions = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    kinds = set(re.findall(r"^### (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE))
    assert versions[0] == "[Unreleased]"
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
