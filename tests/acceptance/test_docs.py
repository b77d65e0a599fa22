"""The documentation speaks of what there is: commands, settings, errors, outcomes, fields, files, and nothing else."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from archiver.cli.main import COMMANDS
from archiver.domain.document import Document
from archiver.domain.extraction import Outcome
from archiver.domain.query import printed
from archiver.domain.query_parser import parse
from archiver.errors import UsageError
from docs import generate_reference

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
BY_NAME = [pytest.param(page, id=page.relative_to(ROOT).as_posix()) for page in PAGES]


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", generate_reference.PAGES)
def test_generated_page_is_what_the_program_says(name: str) -> None:
    assert text(REFERENCE / name) == generate_reference.PAGES[name](), "run `make reference`"


def test_every_exit_code_in_use_is_explained() -> None:
    used = {kind.exit_code for kind in generate_reference._errors()}
    assert used <= generate_reference.EXITS.keys()


def test_every_outcome_has_its_paragraph() -> None:
    named = re.findall(r"^\| `(\w+)` \|", text(REFERENCE / "outcomes.md"), re.M)
    assert sorted(named) == sorted(Outcome)


def test_every_query_field_has_its_line() -> None:
    from archiver.domain.query_fields import _ALIASES, _FIELDS

    page = text(REFERENCE / "query-language.md")
    named = set(re.findall(r"`([^`\s:]+):`", page))
    assert named - {"meta.NAME"} == set(_FIELDS) | set(_ALIASES)


def test_every_example_query_is_understood() -> None:
    examples = re.findall(r"^\| `([^`]+)` \|", text(REFERENCE / "query-language.md"), re.M)
    assert len(examples) > 12
    for example in examples:
        if not example.endswith(":"):
            assert printed(parse(example))


def test_every_refused_query_is_refused() -> None:
    refused = text(REFERENCE / "query-language.md").split("## What is refused", 1)[1]
    examples = re.findall(r"^- `([^`]+)`", refused, re.M)
    assert examples
    for example in examples:
        with pytest.raises(UsageError):
            parse(example)


def test_every_field_of_a_record_is_explained() -> None:
    import json
    from datetime import UTC, datetime

    from archiver.domain import record
    from archiver.domain.document import State
    from archiver.domain.extraction import Step

    values = {field.name: "" for field in fields(Document) if field.default is field.default_factory}
    values |= {"sequence": 0, "size": 0, "state": State.ARCHIVED, "outcome": Outcome.COMPLETE, "received_at": datetime.now(UTC)}
    body = json.loads(record.encode(Document(**values, locator=(Step("zip", 0, "a"),), members=1)))
    page = text(REFERENCE / "objects.md")
    explained = set(re.findall(r"^\| `(\w+)` \|", page, re.M))
    assert explained >= body.keys()


@pytest.mark.parametrize("page", BY_NAME)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text(page)) + re.findall(r'<img [^>]*src="([^"]+)"', text(page))
    local = [target for target in targets if "://" not in target and not target.startswith("mailto:")]
    assert [target for target in local if not (page.parent / target).exists()] == []


def named_commands(page: str) -> set[str]:
    """What stands where a command's name would, in code spans and console lines."""
    spans = re.findall(r"`(?:\.venv/bin/)?minutier ([^`\n]+)`", page) + re.findall(
        r"^(?:\$|>|    ).*?\bminutier (.+)$", page, re.M
    )
    found = set()
    for words in (span.split() for span in spans):
        while words and words[0].startswith("-"):
            del words[: 2 if words[0] in ("--archive", "--as", "--group") else 1]
        found |= set(words[:1])
    return {name for name in found if name.isalpha()}


@pytest.mark.parametrize("page", BY_NAME)
def test_commands_named_exist(page: Path) -> None:
    assert named_commands(text(page)) - COMMANDS.keys() - {"ledger"} == set()  # a signed head begins `minutier ledger head`


def test_commands_are_found_in_pages() -> None:
    page = "`minutier --archive x nosuch`\n$ minutier --as a --group b other\n    $ x && minutier third -n 1\n`minutier --help`"
    assert named_commands(page) == {"nosuch", "other", "third"}


def test_every_how_to_and_reference_page_is_listed() -> None:
    index = text(ROOT / "docs" / "README.md")
    pages = [
        page.relative_to(ROOT / "docs").as_posix()
        for page in PAGES
        if page.is_relative_to(ROOT / "docs") and page.parent.name != "adr"
    ]
    assert [page for page in pages if page not in index and page != "README.md"] == []
