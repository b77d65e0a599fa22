"""Reindex on a server: a new index beside the one that answers, with every state that was committed meanwhile, proved and then searched."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, cast

import pytest

from archiver.adapters.index.elastic import ElasticsearchIndex
from archiver.adapters.index.elastic_rebuilding import ElasticGenerations
from archiver.domain.document import Document
from archiver.domain.query import SearchRequest
from archiver.errors import IntegrityError
from archiver.ports.catalog import Catalog
from archiver.services.index_documents import catch_up, entry_of, stored
from archiver.services.rebuild_index import RebuildIndex
from archiver.services.texts import Texts
from tests.support.elastic_indices import elastic_indices
from tests.support.index_entries import EVERYTHING, doc_id
from tests.support.rows_of_documents import RowsOfDocuments


@pytest.fixture
def index() -> Iterator[ElasticsearchIndex]:
    with elastic_indices().fresh() as url:
        index = ElasticsearchIndex(url, writable=True)
        yield index
        index.close()


class Setting:
    """Some documents, indexed; a second process that writes; the service under test."""

    def __init__(self, index: ElasticsearchIndex) -> None:
        self.index, self.rows = index, RowsOfDocuments()
        self.generations = ElasticGenerations(index)
        self.service = RebuildIndex(self.catalog, self.texts, self.generations)
        for number in range(1, 11):
            self.rows.put(number, f"mot numéro{number}")
        self.follow()

    @property
    def catalog(self) -> Catalog:
        return cast(Catalog, self.rows)

    @property
    def texts(self) -> Texts:
        return cast(Texts, self.rows)

    def follow(self) -> None:
        catch_up(self.catalog, self.index, self.texts)

    def worker(self, document: Document) -> None:
        """What a worker does some time after the state was committed to the catalogue."""
        self.index.add([entry_of(document, stored(self.texts, document), document.sequence)])

    def found(self, text: str) -> set[int]:
        page = self.index.search(SearchRequest(text, limit=100), EVERYTHING)
        return {int(hit.document_id.replace("-", ""), 16) for hit in page.hits}

    def reading(self) -> str:
        return next(one.name for one in self.index.generations.all() if one.reads)


@pytest.fixture
def setting(index: ElasticsearchIndex) -> Setting:
    return Setting(index)


def test_built_proved_searched_and_the_old_one_kept(setting: Setting) -> None:
    first = setting.reading()
    result = setting.service.run()
    assert (result.indexed, result.compared, result.agreed, result.mended, result.leftover) == (10, 10, 10, 0, 0)
    assert result.former == first != result.name == setting.reading()
    assert setting.found("mot") == set(range(1, 11))
    assert setting.index.sequence() == 10
    assert setting.index.facts().former == (first,)
    assert setting.generations.drop_former() == [first]
    assert setting.generations.drop_former() == []
    assert setting.found("mot") == set(range(1, 11))
    setting.index.add([])
    assert len(setting.index.generations.all()) == 1


def test_states_committed_before_during_and_after_are_in_it(setting: Setting) -> None:
    """A worker whose state was committed before, and told to the index in the middle or after; states committed in the middle;
    a document destroyed in the middle."""
    rows, late = setting.rows, setting.rows.put(1, "avant")
    steps = iter(range(100))

    def meanwhile() -> None:
        match next(steps):
            case 1:
                setting.worker(rows.put(2, "pendant"))
                setting.worker(late)
            case 2:
                setting.worker(rows.put(20, "nouveau"))
                gone = rows.dispose(3)
                setting.index.remove([gone.id], version=gone.sequence)
            case 6:
                setting.worker(rows.put(4, "preuve"))

    rows.before_page = meanwhile
    before = rows.documents([doc_id(3)])[doc_id(3)]
    setting.service.run()
    setting.worker(before)
    setting.worker(rows.put(21, "après"))
    setting.index.commit(rows.documents([doc_id(21)])[doc_id(21)].sequence)
    assert setting.found("*") == {1, 2, *range(4, 11), 20, 21}
    assert [setting.found(word) for word in ("avant", "pendant", "nouveau", "preuve", "après")] == [{1}, {2}, {20}, {4}, {21}]
    held = dict(setting.index.document_ids())
    assert held == {one: row.sequence for one, row in rows.rows.items() if one != doc_id(3)}


def test_searches_see_the_old_one_until_the_end(setting: Setting) -> None:
    first, seen = setting.reading(), list[tuple[str, int]]()
    setting.rows.before_page = lambda: seen.append((setting.reading(), len(setting.found("mot"))))
    setting.service.run()
    assert len(seen) > 6
    assert set(seen) == {(first, 10)}


def test_cut_off_and_run_again_goes_on(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.services.index_documents._BATCH", 2)
    monkeypatch.setattr("archiver.services.index_documents._COMMIT", 2)
    steps = iter(range(100))

    def killed() -> None:
        if next(steps) == 2:
            raise KeyboardInterrupt

    setting.rows.before_page = killed
    with pytest.raises(KeyboardInterrupt):
        setting.service.run()
    first, unfinished = setting.reading(), setting.index.facts().unfinished
    setting.rows.before_page = lambda: None
    setting.worker(setting.rows.put(5, "entretemps"))
    result = setting.service.run()
    assert (result.name,) == unfinished
    assert result.former == first
    assert 0 < result.indexed < 10
    assert result.compared == 10
    assert setting.found("entretemps") == {5}


def test_one_begun_in_another_form_is_made_anew(setting: Setting) -> None:
    begun = setting.generations.building()
    setting.index.client.indices.put_mapping(index=begun.name, meta={"minutier_format": 0})
    result = setting.service.run()
    assert result.compared == 10
    assert setting.index.facts().current
    assert setting.index.facts().unfinished == ()


def _tampered(setting: Setting, **changes: Any) -> None:
    """The old index holds document 7 in its version, but with something else in it."""
    document = setting.rows.rows[doc_id(7)]
    forged = dataclasses.replace(entry_of(document, stored(setting.texts, document), document.sequence), **changes)
    setting.index.add([forged])
    setting.index.commit(0)


@pytest.mark.parametrize("changes", [{"text": "autre mot"}, {"grants": ("b",)}, {"denies": ("a",)}, {"title": "autre"}])
def test_differences_keep_the_old_one_unless_accepted(setting: Setting, changes: dict[str, Any]) -> None:
    _tampered(setting, **changes)
    first = setting.reading()
    with pytest.raises(IntegrityError, match=doc_id(7)) as caught:
        setting.service.run()
    assert "--accept-differences" in caught.value.remedy
    assert setting.reading() == first
    result = setting.service.run(accept_differences=True)
    assert (result.differing, result.agreed) == (1, 9)
    assert setting.found("numéro7") == {7}
    assert setting.reading() != first


def test_what_the_old_one_lacked_is_mended_and_what_it_had_too_much_is_left_out(setting: Setting) -> None:
    setting.rows.put(11, "jamais indexé")
    setting.rows.put(2, "état nouveau")
    del setting.rows.rows[doc_id(9)]
    result = setting.service.run()
    assert (result.compared, result.agreed, result.mended, result.leftover) == (10, 8, 2, 1)
    assert setting.found("*") == {*range(1, 9), 10, 11}


def test_a_document_nobody_knows_stops_it(setting: Setting) -> None:
    built = setting.generations.building()
    setting.worker(dataclasses.replace(setting.rows.rows[doc_id(1)], id=doc_id(99)))
    with pytest.raises(IntegrityError, match=f"{built.name} holds documents.*{doc_id(99)}"):
        setting.service.run()


def test_a_write_that_does_not_arrive_is_seen(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    from archiver.adapters.index.elastic_contents import Contents

    send = Contents.send
    built = setting.generations.building().name

    def lossy(self: Contents, operations: Any) -> None:
        send(self, [one for one in operations if self.generation.name != built or one.document_id != doc_id(4)])

    monkeypatch.setattr(Contents, "send", lossy)
    with pytest.raises(IntegrityError, match=doc_id(4)):
        setting.service.run()


def test_destroyed_before_it_began_stays_destroyed(setting: Setting) -> None:
    """A worker that stood still since before the document was destroyed tells its old state to the new index."""
    stale = setting.rows.rows[doc_id(6)]
    gone = setting.rows.dispose(6)
    setting.index.remove([gone.id], version=gone.sequence)
    setting.service.run()
    setting.worker(stale)
    setting.index.commit(0)
    assert 6 not in setting.found("*")


def test_an_archive_never_indexed(index: ElasticsearchIndex) -> None:
    rows = RowsOfDocuments()
    rows.put(1, "mot")
    result = RebuildIndex(cast(Catalog, rows), cast(Texts, rows), ElasticGenerations(index)).run()
    assert (result.former, result.indexed, result.agreed) == ("", 1, 0)
    assert index.search(SearchRequest("mot"), EVERYTHING).total == 1
