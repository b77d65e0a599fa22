"""What is written down of each answer: who was given what, and why. Pure: the entry follows from what was asked and found."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from archiver.domain.ledger import LedgerEvent, Tree, Value
from archiver.domain.masking import mask

Spans = Iterable[tuple[int, int]]
Cards = Callable[[str], Spans]
"""Where payment card numbers stand in a text, as character positions."""

QUERY_LIMIT = 2_000
"""Longest query kept, in characters; of a longer one the digest of the whole is kept beside its beginning."""
WORDS_LIMIT = 500
"""Longest purpose and longest note kept, in characters."""
CODE_LIMIT = 64
GRANTS_LIMIT = 32
"""Most break-glass grants of one answer that are named; how many there were is always said."""

_DOCUMENT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Act(StrEnum):
    """What was done. `refused`: asked for and not given; `audited`: the access log itself was read."""

    SEARCHED = "searched"
    LISTED = "listed"
    VIEWED = "viewed"
    DOWNLOADED = "downloaded"
    EXPORTED = "exported"
    DEPOSITED = "deposited"
    CHANGED = "changed"
    REFUSED = "refused"
    AUDITED = "audited"


_ANSWERED_WITH_A_SET = frozenset({Act.SEARCHED, Act.LISTED})


@dataclass(frozen=True, slots=True)
class Access:
    """An answer that is about to go out.

    Attributes:
        principal_name: who asked; "" where nobody knows, which only a refusal can be.
        purpose: why, as the request or the key says.
        document_id: of which document; "" for none, or for several.
        query: the search as written; masked when it becomes an entry.
        found: ids of the documents in the answer; total: of all that it is a page of.
        status, code: of the answer: HTTP status and error code; 0 and "" where there is none.
        break_glass: ids of the grants without which less would have been seen.
        about: what else it was, in a few words: a collection, a batch, a path of the interface.
    """

    act: Act
    principal_name: str
    purpose: str = ""
    document_id: str = ""
    query: str = ""
    found: tuple[str, ...] = ()
    total: int = 0
    status: int = 0
    code: str = ""
    break_glass: tuple[str, ...] = ()
    about: str = ""


def event(access: Access, pseudonym: str, at: datetime, cards: Cards) -> LedgerEvent:
    """The entry of the access tree: bounded, card numbers masked, the person by pseudonym, what was found as count and digest.

    An id that no document can have becomes part of what it was about: nobody writes into the column of ids what he likes.

    Args:
        pseudonym: of who asked; "" where nobody knows.
        cards: finds card numbers.
    """
    known = bool(_DOCUMENT.fullmatch(access.document_id))
    about = access.about if known or not access.document_id else f"{access.about} {access.document_id}".strip()
    details: dict[str, Value] = {"by": pseudonym}
    details |= _bounded("query", access.query, QUERY_LIMIT, cards)
    details |= _bounded("purpose", access.purpose, WORDS_LIMIT, cards)
    details |= _bounded("about", about, WORDS_LIMIT, cards)
    details |= _bounded("code", access.code, CODE_LIMIT, cards)
    details |= _set(access) | _grants(access.break_glass)
    if access.status:
        details["status"] = access.status
    return LedgerEvent(access.act.value, access.document_id if known else "", at, details, Tree.ACCESS)


def set_digest(ids: Iterable[str]) -> str:
    """SHA-256, in hexadecimal, over ids in their order, each ended by a line feed: `sort ids | sha256sum`.

    No salt of its own: ids are keyed digests already (`identifiers`), so nobody without the archive's key can try out what was
    found; whoever holds a list of ids can show that it is the one that was given.
    """
    return hashlib.sha256("".join(f"{one}\n" for one in sorted(ids)).encode("utf-8", "surrogatepass")).hexdigest()


def _bounded(name: str, text: str, limit: int, cards: Cards) -> dict[str, Value]:
    """A text without card numbers, cut at the limit. The digest beside one that was cut is of the masked whole: of the plain one
    it would let masked digits be tried out."""
    if not text:
        return {}
    masked = mask(text, cards(text))
    if len(masked) <= limit:
        return {name: masked}
    digest = hashlib.sha256(masked.encode("utf-8", "surrogatepass")).hexdigest()
    return {name: masked[:limit], f"{name}_chars": len(masked), f"{name}_sha256": digest}


def _set(access: Access) -> dict[str, Value]:
    if not access.found and access.act not in _ANSWERED_WITH_A_SET:
        return {}
    return {"found": len(access.found), "found_sha256": set_digest(access.found), "total": max(access.total, len(access.found))}


def _grants(ids: tuple[str, ...]) -> dict[str, Value]:
    if not ids:
        return {}
    return {"break_glass": [one[:CODE_LIMIT] for one in ids[:GRANTS_LIMIT]], "break_glass_grants": len(ids)}
