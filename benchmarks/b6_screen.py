"""B6: the personal data screen against Python's `re` with the same rules, on the same texts, in one run.

    python benchmarks/b6_screen.py [FILE-OR-FOLDER ...] [--megabytes 8] [--rounds 5]

Without arguments the texts are made here: business letters and invoices in French and English, a few percent of them with card,
account and telephone numbers. Both sides check digits by the same functions and must report the same findings; only the search
for candidates differs. Presidio is left out: it is no dependency, and its recall is another.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from archiver.adapters.extraction import screen as screening

_DENSITY = 0.01
"""Share of words that are a number, an address or an amount."""
_PROSE = """le la les de des du en et à un une pour par sur dans avec société facture contrat commande paiement échéance client
fournisseur livraison conditions générales article montant total hors taxes TVA règlement compte référence dossier date the of and
to in for with invoice payment order customer delivery terms total amount due account reference file agreement party shall"""


class Side(NamedTuple):
    """One way to screen, and what it took."""

    name: str
    run: Callable[[str], Any]
    seconds: list[float]


def main() -> None:
    """Measure both, alternating, and print the ratio of the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--megabytes", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    texts = _read(options.paths) if options.paths else _made(options.megabytes)
    sides = [Side("re2", screening.screen, []), Side("re", _with_re(), [])]
    found = [[side.run(text) for text in texts] for side in sides]
    if found[0] != found[1]:
        raise SystemExit("the two sides disagree")
    for _ in range(options.rounds):
        for side in sides:
            side.seconds.append(_cpu(side.run, texts))
    _report(sides, texts, found[0])


def _cpu(run: Callable[[str], Any], texts: list[str]) -> float:
    start = time.process_time()
    for text in texts:
        run(text)
    return time.process_time() - start


def _with_re() -> Callable[[str], Any]:
    """The same screen with candidates by `re`; its escapes are written as the byte sequences that RE2 compiles them to."""
    between = rb"(?:[ .\-]|\xc2\xa0|\xe2\x80[\x87\x89\xaf\x90-\x95]|\xe2\x88\x92)"
    sources = (
        f"{screening._IBAN}|{screening._CORSICAN_NIR}|{screening._DIGITS}",
        screening._DIGITS,
        screening._MAIL_HOST,
    )
    compiled = [re.compile(source.encode().replace(screening._BETWEEN.encode(), between)) for source in sources]
    patterns = screening._Patterns(*compiled)

    def run(text: str) -> Any:
        with mock.patch.object(screening, "_patterns", return_value=patterns):
            return screening.screen(text)

    return run


def _report(sides: list[Side], texts: list[str], found: list[Any]) -> None:
    size = sum(len(text.encode()) for text in texts) / 1e6
    counts: dict[str, int] = {}
    for findings, _ in found:
        for kind, number in findings.items():
            counts[kind] = counts.get(kind, 0) + number
    print(f"{len(texts)} texts, {size:.1f} MB, findings {counts}")
    medians = [statistics.median(side.seconds) for side in sides]
    for side, median in zip(sides, medians, strict=True):
        print(f"{side.name:4} {size / median:8.1f} MB/s   {1000 * median / len(texts):.3f} CPU ms a text")
    print(f"B6 ratio {medians[1] / medians[0]:.1f} (goal 20)")


def _read(paths: list[Path]) -> list[str]:
    files = [file for path in paths for file in (sorted(path.rglob("*")) if path.is_dir() else [path]) if file.is_file()]
    return [file.read_text("utf-8", "replace") for file in files]


def _made(megabytes: float) -> list[str]:
    chance = random.Random(2026)
    texts, size = [], 0
    while size < megabytes * 1e6:
        texts.append(" ".join(_piece(chance, _PROSE.split()) for _ in range(600)))
        size += len(texts[-1])
    return texts


def _piece(chance: random.Random, words: list[str]) -> str:
    if chance.random() > _DENSITY:
        return chance.choice(words)
    return chance.choice(
        [
            f"{chance.randint(1, 28):02}/{chance.randint(1, 12):02}/2026",
            f"{chance.randint(1, 99)} {chance.randint(0, 999):03},{chance.randint(0, 99):02} €",
            f"F-2026-{chance.randint(1, 99999):05}",
            "01 42 68 53 00",
            "contact@exemple.fr",
            "4111 1111 1111 1111" if chance.random() < 0.05 else "75008 Paris",
            "FR76 3000 6000 0112 3456 7890 189" if chance.random() < 0.2 else "SIRET 552 100 554 00025",
        ]
    )


if __name__ == "__main__":
    main()
