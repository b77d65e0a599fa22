"""What a certificate says it does not cover."""

from __future__ import annotations

from archiver.bootstrap.purging import BEYOND


def test_what_imports_were_told_is_named_in_one_sentence() -> None:
    (said,) = [each for each in BEYOND if "imports were told" in each]
    for word in ("folders", "single files", "lists", "metadata", "--again", "refused afterwards"):
        assert word in said
    assert all(len(each) <= 300 and each.isascii() for each in BEYOND)
