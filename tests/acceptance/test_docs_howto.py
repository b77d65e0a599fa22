"""The guides work: their console blocks are run like the tutorial's, each guide in a folder of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.acceptance.test_tutorial import ROOT, run, steps

GUIDES = [page for page in sorted((ROOT / "docs" / "howto").glob("*.md")) if list(steps(page.read_text(encoding="utf-8")))]


@pytest.mark.parametrize("guide", [pytest.param(page, id=page.stem) for page in GUIDES])
def test_every_command_of_the_guide_does_what_it_shows(guide: Path, tmp_path: Path) -> None:
    if not (Path(sys.executable).parent / "minutier").exists():
        pytest.skip("minutier is not installed beside this interpreter: `make test` installs it")
    run(guide, tmp_path)
