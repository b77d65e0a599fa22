"""Nobody's answer depends on documents they may not see."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.adapters.index.embedded import TantivyIndex
from archiver.domain.access import Principal, Scope, scope_of
from archiver.domain.query import SearchRequest
from archiver.ports.index import IndexEntry, IndexPage
from tests.support.index_entries import EVERYTHING, entry

_GROUPS = ("a", "b", "c", "A")
_WORDS = ("facture", "factures", "facturé", "bail", "baux", "été", "loyer", "loyers", "secret")
_QUERIES = ("", "facture", "factures", "loyer bail", "fact*", '"loyer bail"', "-secret", "bail OR title:facture", "title:bail",
            "outcome:partial", "year:2021", "secret -bail", "kind:mail", "collection:hr facture")  # fmt: skip

_texts = st.lists(st.sampled_from(_WORDS), max_size=5).map(" ".join)
_entries = st.lists(
    st.builds(
        lambda text, title, grants, denies, collection, partition, day, outcome, kind: entry(
            1, text, title=title, grants=tuple(grants), denies=tuple(denies), collection=collection, partition=partition, day=day,
            outcome=outcome, kind=kind,
        ),
        _texts, _texts, st.sets(st.sampled_from(_GROUPS)), st.sets(st.sampled_from(_GROUPS), max_size=1),
        st.sampled_from(["invoices", "hr"]), st.sampled_from(["open", "2030"]),
        st.sampled_from([date(2020, 1, 1), date(2021, 1, 1), date(2021, 1, 2)]), st.sampled_from(["complete", "partial"]),
        st.sampled_from(["pdf", "mail"]),
    ),
    min_size=1, max_size=14,
).map(lambda found: [dataclasses.replace(one, document_id=entry(n).document_id) for n, one in enumerate(found, 1)])  # fmt: skip
_scopes = st.sets(st.sampled_from(_GROUPS), min_size=1).map(lambda groups: Scope(frozenset(groups)))


@contextmanager
def _index(entries: list[IndexEntry], commits: int) -> Iterator[TantivyIndex]:
    with TemporaryDirectory() as folder:
        index = TantivyIndex(Path(folder), writable=True)
        for part in range(commits):
            index.add(entries[part::commits])
            index.commit(part + 1)
        yield index
        index.close()


def _admitted(one: IndexEntry, scope: Scope) -> bool:
    return bool(scope.groups & set(one.grants)) and not scope.groups & set(one.denies)


def _answers(index: TantivyIndex, scope: Scope) -> list[IndexPage]:
    """Two pages of each query, in each order."""
    pages = []
    for text in _QUERIES:
        for sort in ("relevance", "newest", "oldest"):
            request = SearchRequest(text, limit=3, sort=sort)
            pages.append(index.search(request, scope))
            if cursor := pages[-1].next_cursor:
                pages.append(index.search(dataclasses.replace(request, cursor=cursor), scope))
    return pages


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_entries, _scopes)
def test_answers_equal_those_over_the_admitted_documents_alone(entries: list[IndexEntry], scope: Scope) -> None:
    mine = [one for one in entries if _admitted(one, scope)]
    with _index(entries, commits=3) as full, _index(mine, commits=1) as alone:
        assert _answers(full, scope) == _answers(alone, scope)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_entries, st.sets(st.sampled_from(_GROUPS)))
def test_hits_totals_and_facets_are_of_admitted_documents(entries: list[IndexEntry], groups: set[str]) -> None:
    scope = scope_of(Principal("u", frozenset(groups)))
    mine = {one.document_id: one for one in entries if _admitted(one, scope)}
    with _index(entries, commits=2) as index:
        page = index.search(SearchRequest("", limit=100), scope)
        assert {hit.document_id for hit in page.hits} == set(mine)
        assert page.total == len(mine)
        assert page.not_fully_read == sum(one.outcome != "complete" for one in mine.values())
        for name in ("kind", "outcome", "collection"):
            values = [getattr(one, name) for one in mine.values()]
            assert dict(page.facets[name]) == {value: values.count(value) for value in set(values)}
        assert {hit.document_id for hit in index.search(SearchRequest("secret", limit=100), scope).hits} <= set(mine)


def test_no_groups_sees_nothing_and_does_not_reach_the_engine(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path / "index", writable=True)
    index.add([entry(1, "mot")])
    index.commit(1)
    (tmp_path / "index" / "state.json").write_text("damaged")
    page = index.search(SearchRequest("mot"), scope_of(Principal("u", frozenset())))
    assert (page.hits, page.total, page.not_fully_read, page.next_cursor) == ((), 0, 0, None)
    assert set(page.facets.values()) == {()}


@given(st.frozensets(st.text(max_size=5) | st.just("owner")))
def test_no_group_sees_everything(groups: frozenset[str]) -> None:
    scope = scope_of(Principal("u", groups))
    assert not scope.everything, "no group gives what only the local owner has"
    assert scope.groups == groups


def test_the_local_owner_sees_what_is_granted_to_nobody(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path / "index", writable=True)
    index.add([entry(1, "mot", grants=(), denies=("owner",))])
    index.commit(1)
    assert scope_of(Principal.local_owner()) == EVERYTHING
    assert index.search(SearchRequest("mot"), EVERYTHING).total == 1
