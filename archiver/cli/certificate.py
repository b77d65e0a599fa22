"""`minutier certificate`: for whoever was handed one, or evidence of a document. Needs no archive and no network."""

from __future__ import annotations

import hashlib
import sys
from io import BufferedReader
from pathlib import Path
from string import hexdigits
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from archiver.cli.context import Context, counted, pass_context
from archiver.cli.new_file import made
from archiver.domain.display import safe
from archiver.errors import IntegrityError, RefusedError, UnreachableError, UsageError

if TYPE_CHECKING:
    from retention.annex import Annex, Opened
    from retention.certificate import Item
    from retention.certificate_check import TimestampHolds
    from retention.certificate_report import Report, Tally
    from retention.evidence_check import Exhibit

UNKNOWN, BROKEN = 1, 4
_KEY_BYTES = 32


@click.group("certificate")
def command() -> None:
    """Check certificates and evidence, without an archive."""


@command.command("verify")
@click.argument("file", metavar="FILE")
@click.option("--key", "key", metavar="KEY", help="The archive's public key: a PEM file, or its 64 hexadecimal digits.")
@click.option(
    "--annex", "annex", metavar="FILE", help="An annex: shows which document an item was, or what a ledger entry holds."
)
@click.option("--document", "document", metavar="FILE", help="Bytes: are they those the evidence is of?")
@click.option("--reference", "reference", metavar="TEXT", help="With --document: were they handed in under this reference?")
@click.option("--timestamp-ca", "ca", metavar="FILE", help="Certificates (PEM) of the time-stamp authorities that you trust.")
@pass_context
def verify(
    context: Context, file: str, key: str | None, annex: str | None, document: str | None, reference: str | None, ca: str | None
) -> None:
    """Check a certificate of destruction, evidence of a document or an attestation of deposit, offline.

    Everything in it against everything else, and its signature against a key that came to you by another way. Exits with
    0 when it is sound and signed by that key, 1 when it is consistent but no key was given, 4 when anything does not hold, or
    when the evidence itself says that something speaks against the document.
    """
    from archiver.cli.evidence_verdict import is_evidence, verify_evidence

    pinned = public_key(key) if key else None
    if reference is not None and not document:
        raise UsageError("--reference without --document", remedy="a reference is sealed together with the bytes: give both")
    with _opened(file) as stream:
        if is_evidence(stream):
            verify_evidence(context, stream, pinned, _stamp_check(ca), _exhibit(document, reference, annex))
            return
        if document:
            raise UsageError(
                "--document with a certificate of destruction", remedy="it seals no bytes; an annex tells the digest"
            )
        _verify_destruction(context, stream, pinned, annex, ca)


def _verify_destruction(context: Context, stream: BinaryIO, pinned: bytes | None, annex: str | None, ca: str | None) -> None:
    from retention.certificate_check import check_certificate

    opening = _Opening(_annex(annex)) if annex else None
    report = check_certificate(stream, pinned, _stamp_check(ca), seen=opening.see if opening else lambda _: None)
    shown, failure = opening.result(report) if opening else (None, "")
    findings = [*report.findings, *([failure] if failure else [])]
    context.answer(_value(report, findings, shown), _lines(report, findings, shown))
    if findings:
        sys.exit(BROKEN)
    if not report.signer_known:
        sys.exit(UNKNOWN)


def _exhibit(document: str | None, reference: str | None, annex: str | None) -> Exhibit:
    """What whoever checks evidence holds beside it."""
    from retention.evidence_annex import LIMIT, read_annex
    from retention.evidence_check import Exhibit

    opening = None
    if annex:
        with _opened(annex) as stream:
            opening = read_annex(stream.read(LIMIT + 1))
    return Exhibit(_digest(document) if document else None, reference, opening)


def _digest(file: str) -> bytes:
    with _opened(file) as stream:
        return hashlib.file_digest(stream, "sha256").digest()


@command.command("pdf")
@click.argument("file", metavar="FILE")
@click.argument("output", metavar="PDF")
@pass_context
def pdf(context: Context, file: str, output: str) -> None:
    """Write a certificate, or evidence, as a PDF, to be read and filed.

    The same file gives the same bytes. Exits with 4 for one that does not hold. The PDF proves nothing by itself: it names the
    signed file it was made from.
    """
    from archiver.adapters.certificates.evidence_pdf import write_evidence_pdf
    from archiver.adapters.certificates.pdf import write_pdf
    from archiver.cli.evidence_verdict import is_evidence

    with _opened(file) as stream:
        write = write_evidence_pdf if is_evidence(stream) else write_pdf
        pages = made(output, lambda out: write(stream, out))
    context.answer({"pdf": output, "pages": pages}, [safe(f"{output}: {counted(pages, 'page')}")])


def public_key(given: str) -> bytes:
    """A raw public key (32 bytes), given in hexadecimal or as a file that holds it so, in PEM or raw.

    Raises:
        UsageError: it is neither a key nor a file with one.
    """
    literal = _from_hex(given)
    if literal:
        return literal
    data = _start_of(given)
    return data if len(data) == _KEY_BYTES else _from_hex(data.decode("latin-1").strip()) or _from_pem(given)


def _stamp_check(ca: str | None) -> TimestampHolds:
    from archiver.adapters.timestamps.rfc3161 import verify
    from retention.certificate_check import StampVerdict

    def holds(token: bytes, stamped: bytes) -> StampVerdict:
        try:
            return StampVerdict(time=verify(token, stamped, Path(ca) if ca else None).time)
        except IntegrityError as error:
            return StampVerdict(str(error))
        except (RefusedError, UnreachableError) as error:
            return StampVerdict(unchecked=f"{error} ({error.remedy})")

    return holds


def _from_hex(text: str) -> bytes | None:
    digits = len(text) == 2 * _KEY_BYTES and set(text) <= set(hexdigits)
    return bytes.fromhex(text) if digits else None


def _from_pem(file: str) -> bytes:
    from archiver.adapters.keys.personal import read_public

    return read_public(Path(file))


def _start_of(file: str) -> bytes:
    with _opened(file) as stream:
        return stream.read(4 * _KEY_BYTES)


def _opened(file: str) -> BufferedReader:
    try:
        return open(file, "rb")
    except FileNotFoundError as error:
        raise UsageError(f"there is no file {file}", remedy="name a file that is there") from error
    except OSError as error:
        raise UnreachableError(f"{file} cannot be read: {error.strerror}", remedy="name a file this user may read") from error


def _annex(file: str) -> Annex:
    from retention.annex import LIMIT, read_annex

    with _opened(file) as stream:
        return read_annex(stream.read(LIMIT + 1))


class _Opening:
    """Waits for the item an annex is of."""

    def __init__(self, annex: Annex) -> None:
        self._annex = annex
        self._item: Item | None = None

    def see(self, item: Item) -> None:
        if item.position == self._annex.position:
            self._item = item

    def result(self, report: Report) -> tuple[Opened | None, str]:
        """What the annex shows, or why it shows nothing."""
        from retention.annex import open_item
        from retention.errors import StatementError

        if (self._annex.archive, self._annex.purge) != (report.archive, report.purge):
            return None, "the annex is of another archive or purge than the certificate"
        if self._item is None:
            return None, f"the certificate has no item {self._annex.position}, which the annex is of"
        try:
            return open_item(self._annex, self._item), ""
        except StatementError as error:
            return None, str(error)


def _value(report: Report, findings: list[str], shown: Opened | None) -> dict[str, Any]:
    classes = {name: {each: getattr(tally, each) for each in tally.__slots__} for name, tally in sorted(report.classes.items())}
    value = {
        "sound": not findings,
        "signer_known": report.signer_known,
        "kind": report.kind,
        "archive": report.archive,
        "purge": report.purge,
        "time": report.time.isoformat(),
        "key": report.signer,
        "documents": report.documents,
        "classes": classes,
        "findings": findings,
        "notes": list(report.notes),
    }
    return value if shown is None else value | {"annex": _told(shown)}


def _told(shown: Opened) -> dict[str, Any]:
    from msgspec import to_builtins

    told: dict[str, Any] = to_builtins(shown)
    return told


def _lines(report: Report, findings: list[str], shown: Opened | None) -> list[str]:
    lines = [
        f"Certificate of {report.kind} {report.purge} of archive {report.archive}",
        f"  signed {report.time:%Y-%m-%d %H:%M:%S} UTC by key {report.signer}",
        *(_tallied(name, tally) for name, tally in sorted(report.classes.items())),
        *(f"  note: {note}" for note in report.notes),
    ]
    if shown is not None:
        lines += [
            "The annex opens one item:",
            *(f"  {name:>7}  {said}" for name, said in _told(shown).items() if said is not None),
        ]
    return [*map(safe, lines), *_verdict(report, findings)]


def _tallied(name: str, tally: Tally) -> str:
    last_days = f", last days {tally.oldest} to {tally.newest}" if tally.executed else ""
    return f"  {name}: {tally.executed:,} destroyed, {tally.withheld:,} withheld, {tally.failed:,} failed{last_days}"


def _verdict(report: Report, findings: list[str]) -> list[str]:
    if findings:
        head = click.style(f"It does not hold, {counted(len(findings), 'reason')}:", fg="red", bold=True)
        return [head, *(f"  {safe(finding)}" for finding in findings)]
    if report.signer_known:
        return [click.style("Sound, and signed by the key that was given.", fg="green")]
    return [
        click.style("Consistent, signer unknown.", fg="yellow"),
        "  anybody could have made it: give the archive's public key with --key, as you got it by another way",
    ]
