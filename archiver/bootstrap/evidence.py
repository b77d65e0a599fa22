"""Evidence of documents of an open archive: its service, put together from the archive's parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from archiver.bootstrap.purging import Purging
from archiver.services.evidence import EvidenceOf
from archiver.services.policies import policy_in_force
from retention.evidence_annex import write_annex

if TYPE_CHECKING:
    from archiver.bootstrap.archive import Archive
    from archiver.domain.document import Document


def evidence_of(archive: Archive, document: Document, *, may_see_holds: bool, passwords: Sequence[str] = ()) -> bytes:
    """The signed evidence of a document as it is now, whatever was found. See `EvidenceOf.issue`."""
    return _service(archive).issue(document, may_see_holds=may_see_holds, passwords=passwords)


def attestation_of(archive: Archive, document: Document) -> bytes:
    """The signed attestation that a document was deposited. See `EvidenceOf.attest`.

    Raises:
        NotFoundError: it is not committed yet. DestroyedError: it was destroyed.
    """
    return _service(archive).attest(document)


def annex_of(archive: Archive, document: Document) -> bytes:
    """What opens the ledger's entry that evidence of this document rests on: for a judge. It holds the plain digest.

    Raises:
        NotFoundError: the entry is not sealed yet, or was erased.
    """
    return write_annex(_service(archive).annex(document))


def evidence_pdf(evidence: bytes, out: BinaryIO) -> int:
    """Evidence of either kind as a PDF to read; how many pages it has.

    Raises:
        IntegrityError: the evidence does not hold.
    """
    from archiver.adapters.certificates.evidence_pdf import write_evidence_pdf

    return write_evidence_pdf(BytesIO(evidence), out)


def _service(archive: Archive) -> EvidenceOf:
    """The ledger is entered and sealed first where the archive is open for writing; otherwise whoever writes does it."""
    return EvidenceOf(
        catalog=archive.catalog,
        objects=archive.objects,
        members=archive.members,
        rows=archive.ledger_rows,
        keys=archive.keys,
        clock=archive.clock,
        policy=lambda: policy_in_force(archive.catalog),
        archive=Purging(archive).archive_id,
        program=f"minutier {version('minutier')}",
        seal=_sealing(archive),
        stamps=archive.timestamps,
    )


def _sealing(archive: Archive) -> Callable[[], object]:
    if not archive.writable:
        return lambda: None
    if archive.always:
        return archive.enter_if_free
    return lambda: (archive.ledger.sequence(), archive.ledger.seal())
