"""Persons in plans, approvals, certificates and the ledger: by pseudonym; the register that names them lies apart."""

from __future__ import annotations

import hmac
import unicodedata

from archiver.errors import UsageError

_CONTEXT = b"minutier person v1\n"
_BYTES = 8
_LONGEST = 200
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def person_name(written: str) -> str:
    """A person's name in the one form it is kept in: composed (NFC), so that two spellings of one accent are one person.

    Raises:
        UsageError: empty, too long, or with signs that are not seen.
    """
    name = unicodedata.normalize("NFC", written)
    if not name.strip() or name != name.strip() or len(name) > _LONGEST:
        raise UsageError(
            f"{written[:40]!r} is no name of a person", remedy=f"write 1 to {_LONGEST} letters, no space around them"
        )
    if any(unicodedata.category(sign) in _HIDDEN for sign in name):
        raise UsageError(f"{written[:40]!r} holds signs that are not seen", remedy="type the name anew")
    return name


def pseudonym(key: bytes, name: str) -> str:
    """First 16 hexadecimal characters of HMAC-SHA-256 over the name, under the archive's identifier key: the same person is the
    same sixteen characters everywhere in one archive, and nobody without the key can try out names.

    Args:
        key: `Keys.identifier_key`, 32 bytes.

    Raises:
        UsageError: it is no name.
    """
    return hmac.digest(key, _CONTEXT + person_name(name).encode("utf-8"), "sha256")[:_BYTES].hex()
