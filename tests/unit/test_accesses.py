"""What is written down of an answer: bounded, without card numbers, by pseudonym."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.adapters.extraction.screen import screen
from archiver.domain.accesses import QUERY_LIMIT, WORDS_LIMIT, Access, Act, event, set_digest
from archiver.domain.ledger import Tree, canonical, parse_payload

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ID = "0a1b2c3d-0000-8000-8000-00000000000f"
CARD = "4111 1111 1111 1111"


def cards(text):
    return screen(text)[1]


def entry(access: Access):
    return event(access, "0123456789abcdef", AT, cards)


def test_an_entry_says_who_what_why_and_how_many() -> None:
    found = (ID, ID.replace("f", "e"))
    searched = entry(Access(Act.SEARCHED, "Anna", "matter 7", query="bail", found=found, total=40, status=200))
    assert (searched.kind, searched.tree, searched.document_id, searched.at) == ("searched", Tree.ACCESS, "", AT)
    assert searched.details == {
        "by": "0123456789abcdef",
        "purpose": "matter 7",
        "query": "bail",
        "found": 2,
        "found_sha256": hashlib.sha256("".join(f"{one}\n" for one in sorted(found)).encode()).hexdigest(),
        "total": 40,
        "status": 200,
    }


def test_the_name_is_never_in_it() -> None:
    assert "Anna" not in canonical(entry(Access(Act.VIEWED, "Anna", document_id=ID)))


def test_the_digest_does_not_depend_on_the_order_of_the_answer() -> None:
    assert set_digest(["b", "a"]) == set_digest(["a", "b"]) != set_digest(["a"]) != set_digest([])


def test_a_search_that_found_nothing_says_so_and_a_view_says_nothing_of_sets() -> None:
    assert entry(Access(Act.SEARCHED, "Anna", query="x")).details["found"] == 0
    assert "found" not in entry(Access(Act.VIEWED, "Anna", document_id=ID)).details


@pytest.mark.parametrize("field", ["query", "purpose", "about", "code"])
@pytest.mark.parametrize("card", [CARD, "4111111111111111", "4111-1111-1111-1111"])
def test_card_numbers_are_masked_wherever_they_are_written(field: str, card: str) -> None:
    access = replace(Access(Act.SEARCHED, "Anna"), **{field: f"client {card} reçu"})
    payload = json.loads(canonical(entry(access)))["data"][field]
    assert card not in payload
    assert payload.startswith("client ****")
    assert payload.endswith("1111 reçu")


def test_what_is_too_long_is_cut_after_masking_with_the_digest_of_the_masked_whole() -> None:
    query = "x" * (QUERY_LIMIT - 10) + f" {CARD} " + "y" * 100_000
    details = entry(Access(Act.SEARCHED, "Anna", query=query)).details
    masked = query.replace(CARD, "**** **** **** 1111")
    assert details["query"] == masked[:QUERY_LIMIT]
    assert details["query_chars"] == len(query)
    assert details["query_sha256"] == hashlib.sha256(masked.encode()).hexdigest()


def test_an_id_that_no_document_can_have_is_not_taken_for_one() -> None:
    refused = entry(Access(Act.REFUSED, "", document_id=f"{CARD}/../x", status=404, code="not-found"))
    assert refused.document_id == ""
    assert refused.details["about"] == "**** **** **** 1111/../x"
    assert entry(Access(Act.VIEWED, "Anna", document_id=ID)).document_id == ID


def test_grants_that_broke_the_glass_are_named_and_counted() -> None:
    details = entry(Access(Act.VIEWED, "Anna", document_id=ID, break_glass=tuple(f"g{n}" for n in range(100)))).details
    assert details["break_glass"][:2] == ["g0", "g1"]
    assert details["break_glass_grants"] == 100


@given(st.text(max_size=WORDS_LIMIT * 2), st.text(max_size=60), st.lists(st.text(max_size=100), max_size=40))
def test_whatever_is_asked_can_be_written(text: str, other: str, many: list[str]) -> None:
    access = Access(Act.SEARCHED, "Anna", text, other, text * 20, tuple(many), 3, 200, other, tuple(many), text)
    assert parse_payload(canonical(entry(access)), Tree.ACCESS) == entry(access)
