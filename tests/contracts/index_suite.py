"""What every index must do, whatever engine is behind it. A test file of an adapter subclasses `IndexContract`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pytest

from archiver.domain.access import Scope
from archiver.domain.query import SearchRequest
from archiver.errors import UsageError
from archiver.ports.index import Index
from tests.support.index_entries import EVERYTHING, doc_id, entry


class IndexContract:
    """Subclasses give `open_index`: each call opens the same index again, for writing or for reading.

    Attributes:
        durable_when_added: the adapter promises more than the port: what was added is not lost, and may be seen, before `commit`.
    """

    durable_when_added = False

    @pytest.fixture
    def open_index(self) -> Iterator[Callable[[bool], Index]]:
        raise NotImplementedError

    @pytest.fixture
    def index(self, open_index: Callable[[bool], Index]) -> Index:
        return open_index(True)

    def found(self, index: Index, text: str, scope: Scope = EVERYTHING, **asked: object) -> list[int]:
        page = index.search(SearchRequest(text, **asked), scope)  # type: ignore[arg-type]
        assert page.total >= len(page.hits)
        return [int(hit.document_id.replace("-", ""), 16) for hit in page.hits]

    def test_new_index_is_empty(self, index: Index) -> None:
        assert index.sequence() == 0
        assert self.found(index, "") == []
        assert list(index.document_ids()) == []

    def test_added_is_searchable_after_commit_only(self, index: Index) -> None:
        index.add([entry(1, "facture")])
        if not self.durable_when_added:
            assert self.found(index, "facture") == []
        index.commit(5)
        assert self.found(index, "facture") == [1]
        assert index.sequence() == 5
        assert list(index.document_ids()) == [(doc_id(1), 1)]

    def test_uncommitted_is_lost_unless_promised(self, open_index: Callable[[bool], Index]) -> None:
        first = open_index(True)
        first.add([entry(1, "facture")])
        first.commit(1)
        first.add([entry(2, "facture")])
        first.close()
        first.close()
        second = open_index(True)
        if self.durable_when_added:
            second.commit(1)
        assert self.found(second, "facture") == ([1, 2] if self.durable_when_added else [1])

    def test_reader_sees_new_commits(self, open_index: Callable[[bool], Index]) -> None:
        writer, reader = open_index(True), open_index(False)
        assert self.found(reader, "*") == []
        for number in (1, 2, 3):
            writer.add([entry(number, "mot", partition=str(2030 + number))])
            writer.commit(number)
            assert len(self.found(reader, "mot")) == number
            assert reader.sequence() == number

    def test_replaying_changes_nothing(self, index: Index) -> None:
        for _ in range(2):
            index.add([entry(1, "premier"), entry(2, "second")])
            index.commit(1)
        index.add([entry(1, "premier"), entry(1, "premier")])
        index.commit(1)
        assert self.found(index, "*") == [1, 2]
        assert sorted(index.document_ids()) == [(doc_id(1), 1), (doc_id(2), 1)]

    @pytest.mark.parametrize("between", [True, False], ids=["committed", "in one commit"])
    def test_older_version_never_replaces_newer(self, index: Index, between: bool) -> None:
        index.add([entry(1, "nouveau", version=8)])
        if between:
            index.commit(8)
        index.add([entry(1, "ancien", version=7, partition="2030")])
        index.commit(9)
        assert self.found(index, "nouveau") == [1]
        assert self.found(index, "ancien") == []
        assert list(index.document_ids()) == [(doc_id(1), 8)]

    @pytest.mark.parametrize("between", [True, False], ids=["committed", "in one commit"])
    def test_moving_to_another_partition_leaves_the_old_one(self, index: Index, between: bool) -> None:
        index.add([entry(1, "bail", version=1)])
        if between:
            index.commit(1)
        index.add([entry(1, "bail", version=2, partition="2036")])
        index.commit(2)
        assert self.found(index, "bail") == [1]
        assert index.search(SearchRequest("bail"), EVERYTHING).total == 1

    def test_more_partitions_than_writers(self, index: Index) -> None:
        numbers = list(range(1, 21))
        for version in (1, 2):
            index.add([entry(n, f"version{version}", version=version, partition=str(2030 + n)) for n in numbers])
        index.commit(2)
        assert self.found(index, "version2", limit=50) == numbers
        assert self.found(index, "version1") == []

    @pytest.mark.parametrize("between", [True, False], ids=["committed", "in one commit"])
    def test_removed_is_gone_and_may_come_back(self, index: Index, between: bool) -> None:
        index.add([entry(1, "secret"), entry(2, "autre")])
        if between:
            index.commit(1)
        index.remove([doc_id(1), doc_id(9)])
        index.remove([doc_id(1)])
        index.commit(2)
        assert self.found(index, "*") == [2]
        index.add([entry(1, "secret", version=3)])
        index.commit(3)
        assert self.found(index, "secret") == [1]

    def test_very_many_are_removed_at_once(self, index: Index) -> None:
        """Some twice, some that are not there, one in a newer state than that of the removal."""
        index.add([entry(n, "mot", partition=str(n % 5), version=9 if n == 5 else 1) for n in range(1, 1301)])
        index.commit(1)
        index.add([entry(n, "mot") for n in range(1301, 1311)])
        index.remove([doc_id(n) for n in (*range(1, 1305), *range(1, 5), *range(2000, 2600))], version=7)
        index.commit(2)
        assert index.remains([doc_id(n) for n in range(1, 2600)]) == {doc_id(n) for n in (5, *range(1305, 1311))}
        assert len(dict(index.document_ids())) == 7

    def test_an_older_state_does_not_bring_back_what_was_removed(self, index: Index) -> None:
        index.add([entry(1, "secret", version=3), entry(2, "autre", version=9)])
        index.remove([doc_id(1), doc_id(2)], version=7)
        index.add([entry(1, "secret", version=6)])
        index.commit(9)
        assert self.found(index, "*") == [2]
        assert list(index.document_ids()) == [(doc_id(2), 9)]

    def test_expunging_keeps_what_lives(self, open_index: Callable[[bool], Index]) -> None:
        index, reader = open_index(True), open_index(False)
        entries = {one.document_id: one for one in (entry(n, f"mot{n}", partition=str(n % 3), version=n) for n in range(1, 31))}
        index.add(entries.values())
        index.commit(30)
        gone = [doc_id(n) for n in (1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30)]
        index.remove(gone, version=31)
        index.commit(31)
        kept = {one.document_id: one.version for one in entries.values() if one.document_id not in gone}

        first = index.expunge(lambda ids: [entries[one] for one in ids], alive=lambda: None)
        second = index.expunge(lambda ids: [entries[one] for one in ids])

        assert [(one.kept, one.left, one.doubts) for one in first] == [(len(kept), 0, ())]
        assert [(one.where, one.how, one.kept, one.left) for one in second] == [
            (one.where, one.how, one.kept, one.left) for one in first
        ]
        for one in (index, reader):
            assert dict(one.document_ids()) == kept
            assert one.remains([*gone, doc_id(5), doc_id(99)]) == {doc_id(5)}
            assert one.sequence() == 31
            assert one.search(SearchRequest("mot4 OR mot3"), EVERYTHING).total == 1
        index.add([entry(40, "mot40", version=40), entry(5, "autre", version=41)])
        index.commit(41)
        assert self.found(reader, "mot40 OU autre") == [5, 40]

    def test_expunging_an_empty_index(self, index: Index) -> None:
        assert all((one.kept, one.left) == (0, 0) for one in index.expunge(lambda _: []))
        assert index.remains([doc_id(1)]) == set()
        assert index.remains([]) == set()

    @pytest.mark.parametrize(
        ("text", "numbers"),
        [
            ("facture", [1, 2]),
            ("FACTURES", [1, 2]),
            ("ete", [1]),
            ("été", [1]),
            ("l'été", [1]),
            ("d’été", [1]),
            ("resilie", [1]),
            ("résilier", [1]),
            ("invoice", [3]),
            ("companies", [3]),
            ("oeuvre", [4]),
            ("œuvre", [4]),
            ("final", [4]),
            ("東京", [4]),
            ("京東", []),
            ("fact*", [1, 2]),
            ('"facture impayee"', [2]),
            ('"impayée facture"', []),
            ("facture -impayée", [1]),
            ("impayée OU invoices", [2, 3]),
            ("title:facture", [2]),
            ("titre:(facture OR rien)", [2]),
            ("title:été", []),
            ("name:contrat_3.pdf", [3]),
            ("path:dossier", [1, 2, 3, 4]),
            ("dossier", []),
            ("author:durand", [3]),
            ("durand", [3]),
            ("subject:2024-01-01T00:00:00Z", [3]),
            ("meta.dc_rights:réservés", [3]),
            ("class:fr-accounting kind:PDF", [1, 2, 3]),
            ("type:text/plain", [4]),
            ("outcome:partial", [4]),
            ("language:en", [3]),
            ("batch:b*", [1, 2, 3, 4]),
            ("collection:invoices", [1, 2, 3, 4]),
            ("collection:Invoices", []),
            (f"id:{doc_id(2)}", [2]),
            (f"parent:{doc_id(1)}", [4]),
            ("date:2023", [4]),
            ("date:>2023", [1, 2, 3]),
            ("year:2023..2024 date:2024-03", [1, 2, 3]),
            ("-facture", [3, 4]),
        ],
    )  # fmt: skip
    def test_query(self, index: Index, text: str, numbers: list[int]) -> None:
        index.add(
            [
                entry(1, "Les factures de l'été ont été résiliées", path="/dossier/un.pdf"),
                entry(2, "une facture impayée", title="Facture 12", path="/dossier/deux.pdf"),
                entry(3, "invoices of our company", author="Zoé Durand", path="/dossier/contrat_3.pdf", language="en",
                      fields={"subject": ["2024-01-01T00:00:00Z"], "dc:rights": ["Droits réservés"]}),
                entry(4, "œuvre ﬁ\u00adnal 東京都庁", path="/dossier/q.txt", kind="text", media_type="text/plain",
                      outcome="partial", day=date(2023, 12, 31), parent_id=doc_id(1)),
            ]
        )  # fmt: skip
        index.commit(1)
        assert sorted(self.found(index, text)) == numbers

    def test_words_of_two_values_are_no_phrase(self, index: Index) -> None:
        index.add([entry(1, "fin", title="début")])
        index.commit(1)
        assert self.found(index, '"fin début"') == []

    def test_order_of_merit(self, index: Index) -> None:
        words = {"subject": ["bail"]}
        index.add([
            entry(1, "baux bailler"), entry(2, "des bails loués"), entry(3, "le bail loué ici"), entry(4, "bail", fields=words),
            entry(5, "rien", title="Bail loué"), entry(6, "loué au bail"),
        ])  # fmt: skip
        index.commit(1)
        assert self.found(index, "bail") == [5, 4, 3, 6, 2]
        assert self.found(index, "bail loué") == [5, 3, 6, 2]

    def test_ties_by_day_then_id_over_partitions(self, index: Index) -> None:
        numbers = list(range(1, 31))
        for n in numbers:
            index.add([entry(n, "mot", day=date(2020 + n % 3, 1, 1), partition=str(2030 + n % 4))])
            if n % 7 == 0:
                index.commit(n)
        index.commit(99)
        expected = sorted(numbers, key=lambda n: (-(n % 3), n))
        assert self.found(index, "mot", limit=30) == expected
        assert self.found(index, "", limit=30, sort="newest") == expected
        assert self.found(index, "", limit=30, sort="oldest") == expected[::-1]

    @pytest.mark.parametrize("sort", ["relevance", "newest", "oldest"])
    def test_pages_join_to_the_whole_answer(self, index: Index, sort: str) -> None:
        index.add(
            [entry(n, "mot " * (n % 3), title="mot" if n % 5 == 0 else "autre mots", partition=str(n % 3)) for n in range(1, 60)]
        )
        index.commit(1)
        whole = self.found(index, "mot", limit=100, sort=sort)
        assert len(whole) == 59
        pages, cursor = [], None
        while True:
            page = index.search(SearchRequest("mot", limit=7, cursor=cursor, sort=sort), EVERYTHING)
            assert page.total == 59
            pages += [int(hit.document_id.replace("-", ""), 16) for hit in page.hits]
            if (cursor := page.next_cursor) is None:
                break
        assert pages == whole

    def test_cursor_survives_commits(self, index: Index) -> None:
        index.add([entry(n, "mot") for n in (2, 4, 6, 8)])
        index.commit(1)
        cursor = index.search(SearchRequest("mot", limit=2), EVERYTHING).next_cursor
        index.remove([doc_id(4)])
        index.add([entry(1, "mot"), entry(5, "mot")])
        index.commit(2)
        assert self.found(index, "mot", cursor=cursor) == [5, 6, 8]

    def test_cursor_is_bound_to_its_search(self, index: Index) -> None:
        index.add([entry(n, "mot autre", grants=("a", "b")) for n in range(1, 5)])
        index.commit(1)
        scope = Scope(frozenset({"a"}))
        cursor = index.search(SearchRequest("mot", limit=1), scope).next_cursor
        assert cursor
        assert self.found(index, "mot", scope, cursor=cursor, limit=9) == [2, 3, 4]
        others = [
            (SearchRequest("autre", cursor=cursor), scope),
            (SearchRequest("mot", cursor=cursor, sort="newest"), scope),
            (SearchRequest("mot", cursor=cursor, collections=("invoices",)), scope),
            (SearchRequest("mot", cursor=cursor), Scope(frozenset({"b"}))),
            (SearchRequest("mot", cursor=cursor[:-3]), scope),
            (SearchRequest("mot", cursor="é"), scope),
            (SearchRequest("mot", cursor=""), scope),
            (SearchRequest("mot", cursor="W10"), scope),
        ]
        for request, principal in others:
            with pytest.raises(UsageError, match="cursor"):
                index.search(request, principal)

    @pytest.mark.parametrize(
        "request_", [SearchRequest("a", limit=0), SearchRequest("a", limit=10**6), SearchRequest("a", sort="size")]
    )
    def test_unanswerable_requests(self, index: Index, request_: SearchRequest) -> None:
        with pytest.raises(UsageError) as caught:
            index.search(request_, EVERYTHING)
        assert caught.value.remedy

    def test_facets_total_and_not_fully_read(self, index: Index) -> None:
        index.add([
            entry(1, "mot"), entry(2, "mot", kind="mail", outcome="partial", day=date(2022, 1, 1)),
            entry(3, "mot", collection="hr", retention_class="FR-CV", language="en"),
            entry(4, "rien", outcome="corrupt", language=""),
        ])  # fmt: skip
        index.commit(1)
        page = index.search(SearchRequest("mot", limit=1), EVERYTHING)
        assert page.total == 3
        assert page.not_fully_read == 2
        assert page.facets == {
            "collection": (("invoices", 2), ("hr", 1)),
            "class": (("FR-ACCOUNTING", 2), ("FR-CV", 1)),
            "year": (("2024", 2), ("2022", 1)),
            "kind": (("pdf", 2), ("mail", 1)),
            "language": (("fr", 2), ("en", 1)),
            "outcome": (("complete", 2), ("partial", 1)),
        }
        bare = index.search(SearchRequest("mot", facets=False, collections=("hr",)), EVERYTHING)
        assert (bare.total, bare.facets, bare.not_fully_read) == (1, {}, 0)

    def test_access(self, index: Index) -> None:
        index.add([
            entry(1, "mot", grants=("a",)), entry(2, "mot", grants=("b",)), entry(3, "mot", grants=("a", "b"), denies=("c",)),
            entry(4, "mot", grants=()), entry(5, "mot", grants=("A",)),
        ])  # fmt: skip
        index.commit(1)
        seen = {
            groups: self.found(index, "mot", Scope(frozenset(groups)))
            for groups in ((), ("a",), ("b",), ("a", "c"), ("c",), ("z",))
        }
        assert seen == {(): [], ("a",): [1, 3], ("b",): [2, 3], ("a", "c"): [1], ("c",): [], ("z",): []}
        assert self.found(index, "-absent", Scope(frozenset({"b"}))) == [2, 3]
        assert self.found(index, f"id:{doc_id(1)} OR id:{doc_id(2)}", Scope(frozenset({"b"}))) == [2]

    def test_regrant_takes_effect(self, index: Index) -> None:
        index.add([entry(1, "mot", grants=("a",))])
        index.commit(1)
        index.add([entry(1, "mot", grants=("b",), version=2)])
        index.commit(2)
        assert self.found(index, "mot", Scope(frozenset({"a"}))) == []
        assert self.found(index, "mot", Scope(frozenset({"b"}))) == [1]

    def test_strange_text_is_taken(self, index: Index) -> None:
        strange = "\x00 \udcff \u202e " + "x" * 100_000 + " \ud800 😀 fin"
        index.add(
            [
                entry(
                    1, strange, title=strange, path="/\udce9/\x1b[31m", fields={"a.b c": [strange], "": [strange]}, author=strange
                )
            ]
        )
        index.commit(1)
        assert self.found(index, "fin") == [1]

    def test_ids_must_be_uuids(self, index: Index) -> None:
        for wrong in ("x", "", doc_id(0xABC).upper()):
            with pytest.raises(UsageError):
                index.remove([wrong])

    def test_collections_differing_in_case_or_signs_are_apart(self, index: Index) -> None:
        names = ("a", "A", "a/b", "a b", "..", "é" * 300)
        index.add([entry(n, "mot", collection=name) for n, name in enumerate(names, 1)])
        index.commit(1)
        for n, name in enumerate(names, 1):
            assert self.found(index, "mot", collections=(name,)) == [n]
