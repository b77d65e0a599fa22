"""Checking an RFC 3161 token: over this message, signed by a time-stamp certificate, of an authority that is trusted."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509 import Certificate, load_der_x509_certificate

from archiver.adapters.timestamps.authorities import reaches
from archiver.errors import IntegrityError, MinutierError, RefusedError, UnreachableError
from archiver.ports.timestamps import GivenTime

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

SHA256 = "2.16.840.1.101.3.4.2.1"
MOST_BYTES = 256 * 1024
"""A token is a few kilobytes, with its authority's certificate."""

_ANEW = "ask for it anew where it was made"
_GRANTED = bytes.fromhex("3003020100")
_SEQUENCE = b"\x30"


def checked(token: bytes, message: bytes, roots: Sequence[Certificate]) -> GivenTime:
    """What a token says of `message`.

    Raises:
        RefusedError: its authority is not among `roots`.
        IntegrityError: it is no token, not over this message, or its signature does not hold.
    """
    _require_client()
    try:
        with warnings.catch_warnings():  # what an odd certificate is warned about is no matter of ours
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            return _checked(token, message, roots)
    except MinutierError:
        raise
    except Exception as error:  # parsers of bytes that anybody may have made fail in many ways, and all of them mean the same
        raise IntegrityError(f"the time-stamp token does not hold: {_short(error)}", remedy=_ANEW) from error


def _checked(token: bytes, message: bytes, roots: Sequence[Certificate]) -> GivenTime:
    from rfc3161_client import VerifierBuilder

    answer = parsed(answer_with(token))
    _require_over(answer, token, message)
    leaf, others = _signed_by(answer)
    authority = leaf.subject.rfc4514_string()
    if not reaches(leaf, others, roots):
        raise RefusedError(
            f"the time-stamp is by {authority}, of an authority that is not among those trusted",
            remedy="if you trust it, name its certificates (timestamp_ca), got from the authority itself",
        )
    VerifierBuilder(roots=list(roots), intermediates=others, tsa_certificate=leaf).build().verify_message(answer, message)
    return GivenTime(answer.tst_info.gen_time.astimezone(UTC), authority)


def parsed(answer: bytes) -> TimeStampResponse:
    """An authority's answer (RFC 3161 TimeStampResp).

    Raises:
        IntegrityError: it is none.
    """
    _require_client()
    from rfc3161_client import decode_timestamp_response

    try:
        found = decode_timestamp_response(answer)
        if found.status == 0:  # read lazily: what is malformed inside is met here, and not later
            found.time_stamp_token(), found.tst_info.gen_time, found.tst_info.message_imprint.hash_algorithm
        return found
    except ValueError as error:
        raise IntegrityError(f"this is no answer of a time-stamp authority: {_short(error)}") from error


def _require_over(answer: TimeStampResponse, token: bytes, message: bytes) -> None:
    if answer.time_stamp_token() != token:
        raise IntegrityError("something follows the time-stamp token", remedy=_ANEW)
    imprint = answer.tst_info.message_imprint
    if imprint.hash_algorithm.dotted_string != SHA256 or imprint.message != hashlib.sha256(message).digest():
        raise IntegrityError("the time-stamp token is over something else", remedy="look for the token that belongs to it")


def answer_with(token: bytes) -> bytes:
    """An answer that grants this token: what the parser takes, while what is kept is the token alone."""
    body = _GRANTED + token
    if len(body) < 0x80:
        return _SEQUENCE + bytes([len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return _SEQUENCE + bytes([0x80 | len(length)]) + length + body


def _signed_by(answer: TimeStampResponse) -> tuple[Certificate, list[Certificate]]:
    """The signer's certificate, and the others that came with it."""
    signers = list(answer.signed_data.signer_infos)
    found = [load_der_x509_certificate(each) for each in answer.signed_data.certificates]
    named = (signers[0].issuer, signers[0].serial_number)
    leaf = next((one for one in found if (one.issuer, one.serial_number) == named), None)
    if leaf is None:
        raise IntegrityError(
            "the time-stamp token does not hold its signer's certificate", remedy="ask an authority that adds it when asked to"
        )
    return leaf, [one for one in found if one != leaf]


def _short(error: Exception) -> str:
    return str(error).partition("ErrorStack")[0].strip(" :(")[:160]


def _require_client() -> None:
    try:
        import rfc3161_client  # noqa: F401
    except ImportError as error:
        raise UnreachableError("what checks time-stamps is not installed", remedy="pip install 'minutier[trust]'") from error
