"""Answers in JSON."""

from __future__ import annotations

import json

import pytest

from archiver.cli.context import Context

NAMES = [
    "a\x1b[31m",
    "a\x9b31m",
    "invoice\u202efdp.exe",
    "soft\xadhyphen",
    "\ufeffmark",
    "raw \udcff byte",
    "line\u2028end",
    "é 漢字",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_nothing_is_obeyed_and_nothing_lost(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    Context(None, as_json=True, principal=None, groups=()).emit({"path": name})
    line = capsys.readouterr().out.removesuffix("\n")
    assert line.isprintable()
    assert json.loads(line)["path"] == name
