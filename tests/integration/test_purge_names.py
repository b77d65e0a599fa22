"""A class or a collection that was mistyped is told as such, not as one of which nothing is due."""

from __future__ import annotations

from pathlib import Path

from tests.support.command import Minutier
from tests.support.purges import copied, template


def test_a_mistyped_name_is_no_class_and_no_collection(tmp_path: Path) -> None:
    minutier = Minutier(copied(template()[0], tmp_path / "archive"))
    for option, wrong, right in (
        ("--class", "SHROT", "SHORT"),
        ("--class", "KEPE", "KEEP"),
        ("--collection", "defualt", "default"),
    ):
        ran = minutier.run("purge", "plan", option, wrong, code=2)
        assert f"no document is of the {option[2:]} {wrong}" in ran.err
        assert f"did you mean `{right}`?" in ran.err
    assert "did you mean" not in minutier.run("purge", "plan", "--class", "zzzzzz", code=2).err
    assert minutier.run("purge", "list").out == ""


def test_of_a_known_name_nothing_is_due(tmp_path: Path) -> None:
    """Documents are of the one and not in the policy; the other is in the policy, and no document is of it."""
    minutier = Minutier(copied(template()[0], tmp_path / "archive"))
    for name in ("KEEP", "ONLY"):
        assert "Nothing is due." in minutier.run("purge", "plan", "--class", name).out
    assert "Nothing is due." in minutier.run("purge", "plan", "--collection", "default", "--before", "1990-01-01").out
