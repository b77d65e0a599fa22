"""The language of most of a text, from little of it."""

from __future__ import annotations

import pytest

from archiver.adapters.extraction import language as module
from archiver.adapters.extraction.language import language

FRENCH = "Le présent contrat est conclu entre les parties pour une durée de trois ans à compter de la date de sa signature. "
ENGLISH = "This agreement is made between the parties for a period of three years from the date on which it was signed. "


@pytest.mark.parametrize("times", [1, 3, 200])
def test_french_and_english(times: int) -> None:
    assert (language(FRENCH * times), language(ENGLISH * times)) == ("fr", "en")


def test_a_letterhead_does_not_decide() -> None:
    assert language(ENGLISH * 2 + FRENCH * 40) == "fr"


@pytest.mark.parametrize("text", ["", "Facture 2024", "4471 99/12 " * 500, "x\n" * 3])
def test_too_little_to_tell(text: str) -> None:
    assert language(text) == ""


def test_a_doubt_is_settled_by_a_longer_look(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    def guessed(sample: str) -> tuple[str, float]:
        looks.append(len(sample))
        return ("fr", 0.4) if len(looks) == 1 else ("en", 0.5)

    monkeypatch.setattr(module, "_guessed", guessed)
    assert language("a" * 50_000) == "en"
    assert looks[0] < looks[1] < 5_000
