"""The sample set through the whole program: what each file holds is found, what cannot be read is called so."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from tests.samples.make_samples import HERE
from tests.samples.test_samples import truths

ALIKE = {"corrupt": {"corrupt", "partial"}}
"""Outcomes that say as much: half a file may be readable in part."""


def simple(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Path below `files` (for a member: `container!/path`) to its line of the export."""
    home = tmp_path_factory.mktemp("samples") / "archive"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MINUTIER_")}

    def minutier(*arguments: str) -> str:
        code = "from archiver.cli.main import main; main()"
        command = [sys.executable, "-c", code, "--archive", str(home), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=HERE.parents[1], check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    minutier("init")
    minutier("import", str(HERE / "files"))
    lines = [json.loads(line) for line in minutier("export", "--text").splitlines()]
    return {line["path"].removeprefix(f"{HERE / 'files'}/"): line for line in lines}


TRUTHS = [pytest.param(entry, id=entry["path"][:60]) for entry in truths(HERE)]


@pytest.mark.parametrize("truth", TRUTHS)
def test_outcome_says_the_truth(truth: dict[str, Any], exported: dict[str, dict[str, Any]]) -> None:
    found = exported[truth["path"]]
    assert found["outcome"] in ALIKE.get(truth["outcome"], {truth["outcome"]}), found["reason"]


@pytest.mark.parametrize("truth", TRUTHS)
def test_phrases_are_in_the_text(truth: dict[str, Any], exported: dict[str, dict[str, Any]]) -> None:
    text = simple(exported[truth["path"]]["text"])
    wanted = [phrase["text"] for phrase in truth["phrases"] if phrase["where"] != "ocr"]
    assert [phrase for phrase in wanted if simple(phrase) not in text] == []


@pytest.mark.parametrize("truth", TRUTHS)
def test_normal_form_of_metadata(truth: dict[str, Any], exported: dict[str, dict[str, Any]]) -> None:
    summary, wanted = exported[truth["path"]]["summary"], dict(truth["expected_metadata"])
    pages, created = wanted.pop("page_count", None), wanted.pop("created", None)
    assert pages is None or summary["pages"] == str(pages)
    assert created is None or summary["created"][:7] == created[:7]
    assert {key: value for key, value in wanted.items() if simple(value) not in simple(summary.get(key, ""))} == {}


@pytest.mark.parametrize("truth", [param for param in TRUTHS if param.values[0].get("members")])
def test_members_are_documents(truth: dict[str, Any], exported: dict[str, dict[str, Any]]) -> None:
    inside = [path for path in exported if path.startswith(truth["path"] + "!/")]
    assert len(inside) == truth["members"], inside


def test_export_has_every_file(exported: dict[str, dict[str, Any]]) -> None:
    assert {path for path in exported if "!/" not in path} == {truth["path"] for truth in truths(HERE)}


def test_card_number_is_masked(exported: dict[str, dict[str, Any]]) -> None:
    assert "1111 1111 1111" not in exported["difficiles/autorisation de paiement.txt"]["text"]


def test_equal_bytes_have_equal_texts(exported: dict[str, dict[str, Any]]) -> None:
    one, other = exported["factures/F2024-0117 Papeterie Lenoir.pdf"], exported["factures/F2024-0117 (copie).pdf"]
    assert (one["sha256"], one["text"]) == (other["sha256"], other["text"])
    assert one["id"] != other["id"]


def test_hidden_code_is_no_text(exported: dict[str, dict[str, Any]]) -> None:
    assert "ne pas indexer" not in exported["contrats/conditions générales de vente.html"]["text"]


def test_names_are_kept_as_they_are(exported: dict[str, dict[str, Any]]) -> None:
    names = {path.name for path in (HERE / "files" / "noms").iterdir()}
    assert {Path(path).name for path in exported if path.startswith("noms/")} == names
