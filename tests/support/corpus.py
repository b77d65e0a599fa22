"""The corpus of real files with ground truth, where there is one."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(os.environ.get("MINUTIER_CORPUS", Path(__file__).resolve().parents[3] / "shared" / "corpus"))
ABSENT = f"no corpus of real files at MINUTIER_CORPUS or {ROOT.parent.name}/{ROOT.name} beside the repository"


def present() -> bool:
    """Whether the corpus is there."""
    return (ROOT / "manifest.jsonl").is_file()


def rows() -> list[dict[str, Any]]:
    """Ground truth, a file a row; [] where the corpus is absent."""
    if not present():
        return []
    return [json.loads(line) for line in (ROOT / "manifest.jsonl").read_text("utf-8").splitlines()]


def file(row: dict[str, Any]) -> Path:
    """Where the file of a row is. Read only."""
    return ROOT / "files" / str(row["path"])


def scoring() -> ModuleType:
    """The corpus' own scoring rules."""
    specification = importlib.util.spec_from_file_location("corpus_score", ROOT / "score.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
