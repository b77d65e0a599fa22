"""The reference page tells how to check evidence with everyday tools. These are its very words, run."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from archiver.adapters.keys.personal import public_pem
from tests.support.evidences import BYTES, EvidenceCase

PAGE = Path(__file__).parents[2] / "docs/reference/certificate.md"
SIGNED = ["body: as signed", "Signature Verified Successfully"]
SAID = ["bytes: these", "entry: under the head"]


def follow_the_page(folder: Path, case: EvidenceCase, document: bytes = BYTES) -> list[str]:
    missing = [tool for tool in ("bash", "sed", "xxd", "jq", "openssl", "sha256sum") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    (folder / "evidence.json").write_bytes(case.data())
    (folder / "archive.pem").write_text(public_pem(case.public_key))
    (folder / "document").write_bytes(document)
    page = PAGE.read_text(encoding="utf-8")
    signature = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)[1]
    blocks = re.findall(r"```bash\n(.*?)```", page, re.DOTALL)
    names = "certificate=evidence.json evidence=evidence.json key=archive.pem document=document\n"
    script = names + "\n".join([signature, *blocks])
    done = subprocess.run(["bash", "-u", "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 11])
def test_sound_evidence_passes_by_hand_wherever_its_entry_is(tmp_path: Path, size: int) -> None:
    for position in range(size):
        assert follow_the_page(tmp_path, EvidenceCase(position=position, size=size)) == SIGNED + SAID, (position, size)


def test_other_bytes_do_not(tmp_path: Path) -> None:
    assert follow_the_page(tmp_path, EvidenceCase(), b"others") == [*SIGNED, SAID[1]]


def test_another_document_s_proof_does_not(tmp_path: Path) -> None:
    case = EvidenceCase()
    other = EvidenceCase(change_entry=lambda _: type(case.entry())(5, case.entry().leaf, case.entry(2).path, case.entry().head))
    assert follow_the_page(tmp_path, other) == [*SIGNED, SAID[0]]
