"""Two archives made with the same keys: one with everything, and one with only what some groups may see.

Ids, and all that follows from ids, are equal in both: whatever differs between their answers tells of what may not be seen.
"""

from __future__ import annotations

import io
import json
import shutil
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from random import Random
from typing import Any

from archiver.bootstrap.archive import Archive
from archiver.domain.access import Scope
from tests.support.api import environment_of
from tests.support.command import Minutier
from tests.support.on_servers import archive_on_servers, remove_indices
from tests.support.servers import server_url, under

GROUPS = ("a", "b", "c")
WORDS = ("facture", "factures", "facturé", "bail", "baux", "loyer", "loyers", "été", "budget", "contrat")
CARD = "4111 1111 1111 1111"
SECRET = "zanzibar"
"""A word that stands only in what is not seen."""

POLICY = """
collections:
  invoices: {class: FIVE, grants: {read: [group:a, group:b]}}
  hr: {class: KEEP, grants: {read: [group:b], deny: [group:c]}}
  mixed: {class: FIVE, grants: {read: [group:a, group:b, group:c], deny: [group:c]}}
  hidden: {class: KEEP, grants: {read: [group:nobody]}}
classes:
  FIVE: {title: "Five years", period: P5Y, from: metadata.document_date, basis: "example", lock: governance, then: destroy}
"""

DEPLOYMENTS = ("embedded", "elasticsearch", "servers")


@dataclass(frozen=True, slots=True)
class Twins:
    """`ids`: of every document of `full`; `shown`: of those that `alone` has, too."""

    full: Minutier
    alone: Minutier
    groups: tuple[str, ...]
    ids: tuple[str, ...]
    shown: frozenset[str]


@contextmanager
def twins(folder: Path, seed: int, deployment: str) -> Iterator[Twins]:
    """The pair that follows from `seed`."""
    random = Random(seed)
    groups = tuple(sorted(random.sample(GROUPS, random.choice((1, 1, 2)))))
    lines = _lines(folder / "files", random)
    with ExitStack() as stack:
        full = stack.enter_context(_archive(folder / "full", deployment, None))
        _filled(full, _copies(lines, random), batch="earlier")
        _filled(full, lines)
        documents = _documents(full)
        scope = Scope(frozenset(groups))
        mine = {one.source for one in documents if scope.admits(one)}
        alone = stack.enter_context(_archive(folder / "alone", deployment, folder / "full" / "keys"))
        _filled(alone, [line for line in lines if line["path"] in mine])
        shown = frozenset(str(one.id) for one in documents if scope.admits(one))
        assert {str(one.id) for one in _documents(alone)} == shown, "the smaller archive is not made of what is seen"
        yield Twins(full, alone, groups, tuple(sorted(str(one.id) for one in documents)), shown)


@contextmanager
def _archive(home: Path, deployment: str, keys: Path | None) -> Iterator[Minutier]:
    if deployment == "servers":
        if keys:
            shutil.copytree(keys, home / "keys")
        with archive_on_servers(home, broker="") as archive:
            yield archive
        return
    url, name = "", f"t{uuid.uuid4().hex[:12]}"
    if deployment == "elasticsearch":
        url = server_url("elasticsearch")
    archive = Minutier(home, **({"MINUTIER_INDEX_URL": under(url, name)} if url else {}))
    try:
        archive.run("init")
        if keys:
            shutil.rmtree(home / "keys")
            shutil.copytree(keys, home / "keys")
        yield archive
    finally:
        if url:
            remove_indices(url, name)


def _copies(lines: list[dict[str, Any]], random: Random) -> list[dict[str, Any]]:
    """Some of the same bytes in the same places, under other names and unseen: archived before, so that what was read of them
    serves the others."""
    copies = []
    for number, line in enumerate(random.sample(lines, 12)):
        path = Path(line["path"])
        copy = path.with_name(f"{SECRET}-{number}{random.choice((path.suffix, '.html', '.csv', '.pdf'))}")
        copy.write_bytes(path.read_bytes())
        copies.append(
            {name: line[name] for name in ("collection", "class") if name in line} | {"path": str(copy), "grants": "nobody"}
        )
    return copies


def _filled(archive: Minutier, lines: list[dict[str, Any]], *, batch: str = "batch") -> None:
    rules, manifest = archive.home.parent / "policy.yaml", archive.home.parent / f"{archive.home.name}-{batch}.jsonl"
    rules.write_text(POLICY, "utf-8")
    manifest.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    archive.run("policy", "apply", rules)
    if lines:
        archive.run("import", "--manifest", manifest, "--batch", batch, code=None)


def _documents(archive: Minutier) -> list[Any]:
    with environment_of(archive), Archive(archive.home) as opened:
        return list(opened.catalog.select())


def _lines(folder: Path, random: Random) -> list[dict[str, Any]]:
    """A manifest of random files: about thirty, in all collections, some with grants of their own."""
    folder.mkdir()
    lines, bodies = [], list[tuple[str, bytes]]()
    for number in range(30):
        if bodies and random.random() < 0.2:
            kind, body = random.choice(bodies)  # the same bytes again, elsewhere
            kind = random.choice((kind, "txt", "csv"))
        else:
            kind, body = _file(random, number)
            bodies.append((kind, body))
        path = folder / f"{number:02}-{random.choice(WORDS)}.{kind}"
        path.write_bytes(body)
        lines.append(_line(random, path, number))
    for number in range(6):
        path = folder / f"secret-{number}-{random.choice(WORDS)}.txt"
        path.write_text(f"{SECRET} {SECRET}{number} {' '.join(WORDS * random.randint(1, 9))}", "utf-8")
        lines.append({"path": str(path), "collection": random.choice(("hidden", "invoices")), "grants": "nobody", SECRET: "yes"})
    random.shuffle(lines)
    return lines


def _line(random: Random, path: Path, number: int) -> dict[str, Any]:
    line: dict[str, Any] = {"path": str(path), "collection": random.choice(("invoices", "hr", "mixed", "default", "hidden"))}
    if random.random() < 0.5:
        line["grants"] = ";".join(random.sample((*GROUPS, "nobody"), random.randint(1, 2)))
    if random.random() < 0.7:
        line["document_date"] = f"20{random.randint(18, 22)}-0{random.randint(1, 9)}-11"
    if random.random() < 0.3:
        line[random.choice(("amount", "customer"))] = f"{random.choice(WORDS)} {number}"
    if random.random() < 0.2:
        line["class"] = random.choice(("KEEP", "FIVE", "OTHER"))
    return line


def _file(random: Random, number: int) -> tuple[str, bytes]:
    text = f"{_text(random)}. {number}"
    kind = random.choice(("txt", "txt", "txt", "html", "eml", "zip", "pdf"))
    match kind:
        case "html":
            page = f"<html><head><title>{random.choice(WORDS)} {number}</title></head><body><p>{text}</p></body></html>"
            return kind, page.encode()
        case "eml":
            return kind, _mail(random, text)
        case "zip":
            return kind, _zip(random, number)
        case "pdf":
            return kind, text.encode()  # by name only: its reading fails, or is of another kind
        case _:
            return kind, text.encode()


def _text(random: Random) -> str:
    words = random.choices(WORDS, k=random.randint(3, 30))
    if random.random() < 0.2:
        words.insert(random.randrange(len(words)), f"carte {CARD}")
    return " ".join(words)


def _mail(random: Random, text: str) -> bytes:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = random.choice(WORDS), "a@example.org", "b@example.org"
    mail["Date"] = "Mon, 11 Jan 2021 10:00:00 +0000"
    mail.set_content(text)
    mail.add_attachment(_text(random).encode(), maintype="text", subtype="plain", filename="piece.txt")
    return mail.as_bytes()


def _zip(random: Random, number: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for member in range(random.randint(1, 3)):
            archive.writestr(zipfile.ZipInfo(f"{member}-{random.choice(WORDS)}.txt"), f"{_text(random)} {number}")
    return out.getvalue()
