"""The reference page tells an auditor how to check a certificate with everyday tools. These are its very words, run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from archiver.adapters.keys.personal import public_pem
from retention.certificate import Body, Ending, Item
from tests.support.certificates import Case

PAGE = Path(__file__).parents[2] / "docs/reference/certificate.md"
SAID = [
    "body: as signed",
    "Signature Verified Successfully",
    "plan: these items",
    "approval: this plan",
    "Signature Verified Successfully",
    "approver: the key named",
]


@pytest.fixture
def folder(tmp_path):
    missing = [tool for tool in ("bash", "sed", "xxd", "jq", "openssl", "sha256sum") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    case = Case()
    (tmp_path / "certificate.json").write_bytes(case.data())
    (tmp_path / "archive.pem").write_text(public_pem(case.public_key))
    return tmp_path


def follow_the_page(folder: Path) -> list[str]:
    script = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
    done = subprocess.run(["bash", "-u", "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def test_a_sound_certificate_passes_by_hand(folder):
    assert follow_the_page(folder) == SAID


@pytest.mark.parametrize(
    ("old", "new", "still"),
    [
        (b'"FR-CV"', b'"FR-CW"', [1, 2, 3, 4, 5]),
        (b'"commitment":"4828', b'"commitment":"4829', [1, 4, 5]),
        (b"documents 5", b"documents 6", [1, 2, 3, 5]),
        (b"time 2037-01-05T09:40", b"time 2037-01-05T09:41", [0, 2, 3, 4, 5]),
    ],
)
def test_a_forged_one_does_not(folder, old, new, still):
    file = folder / "certificate.json"
    assert old in file.read_bytes()
    file.write_bytes(file.read_bytes().replace(old, new))
    assert [line for line in follow_the_page(folder) if line in SAID] == [SAID[place] for place in still]


def test_the_page_names_every_field(folder):
    page = PAGE.read_text(encoding="utf-8")
    whole = json.loads((folder / "certificate.json").read_bytes())
    fields = [each.encode_name for kind in (Body, Ending, Item) for each in msgspec.structs.fields(kind)]
    assert set(fields) == {*whole["body"], *whole, *whole["body"]["items"][0]} - {"body", "items"}
    assert [name for name in fields if not re.search(rf"[`.]{name}`", page)] == []
