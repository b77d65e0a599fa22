"""Every promise made to callers names a test that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "howto" / "security.md"
_ROW = re.compile(r"^\| (?P<promise>[^|]+) \| `(?P<file>tests/[\w/]+\.py)::(?P<name>\w+)` \|$", re.M)


def test_every_promise_is_held_by_a_test_that_there_is() -> None:
    rows = _ROW.findall(PAGE.read_text(encoding="utf-8"))
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ") and "test |" not in line]
    assert len(rows) == len(lines) > 50
    missing = [(file, name) for _, file, name in rows if name not in _functions(ROOT / file)]
    assert missing == []


def _functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
