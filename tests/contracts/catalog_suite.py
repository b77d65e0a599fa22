"""What `ports.catalog.Catalog` promises, on whatever database; a subclass gives `catalog`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from archiver.domain.batch import Batch, BatchState, Line, LineState
from archiver.domain.document import State
from archiver.domain.extraction import Outcome
from archiver.domain.ledger import ARCHIVED, LedgerEvent
from archiver.errors import AlreadyExistsError, NotFoundError, UsageError
from archiver.ports.catalog import Catalog, Content, IntakeGroup, PolicyVersion, Seen
from archiver.ports.objects import Bucket, ObjectRef
from archiver.ports.retention_rows import HoldRecord
from tests.support.documents import AT, archived, member, received

ODD = "/in/caf\udce9 \\x00 ‮\n'; --"
"""A path with a byte that is no UTF-8, a backslash, a mark that reverses, a line feed and a quote."""


def batch(name: str = "batch") -> Batch:
    return Batch(name, BatchState.RUNNING, AT, {"paths": [ODD], "collection": "default"})


def content(body_of) -> Content:
    ref = ObjectRef(Bucket.LOCKED, f"originals/default/UNCLASSIFIED/{body_of.sha256[:2]}/{body_of.sha256}", "1")
    return Content("default", "UNCLASSIFIED", body_of.sha256, body_of.size, ref)


class CatalogSuite:
    """Mixin; `catalog` is a fixture with an empty catalogue."""

    # -- batches ------------------------------------------------------------------------------------------------
    def test_a_batch_is_kept_with_its_spec_and_its_name_is_taken_once(self, catalog: Catalog):
        catalog.create_batch(batch())
        assert catalog.batch("batch") == batch()
        with pytest.raises(AlreadyExistsError, match="batch"):
            catalog.create_batch(batch())
        with pytest.raises(NotFoundError):
            catalog.batch("another")

    def test_batches_are_listed_newest_first(self, catalog: Catalog):
        catalog.create_batch(replace(batch("old"), created_at=AT - timedelta(days=1)))
        catalog.create_batch(batch("new"))
        assert [one.id for one in catalog.batches()] == ["new", "old"]

    def test_states_and_the_end_of_the_list(self, catalog: Catalog):
        catalog.create_batch(batch())
        catalog.set_batch_state("batch", BatchState.INTERRUPTED, listed=True)
        assert (catalog.batch("batch").state, catalog.batch("batch").listed) == (BatchState.INTERRUPTED, True)
        catalog.set_batch_state("batch", BatchState.FINISHED)
        assert catalog.batch("batch").listed
        assert catalog.batch("batch").finished_at is not None

    def test_lines_are_counted_not_numbered(self, catalog: Catalog):
        """A manifest's first line is its header and others are blank: numbers have gaps, the count has not."""
        catalog.create_batch(batch())
        catalog.add_lines("batch", [Line(2, "/a"), Line(5, "/b")])
        catalog.add_lines("batch", [Line(5, "/b"), Line(9, "/c")])
        assert catalog.batch("batch").lines == catalog.tally("batch").lines == 3
        assert catalog.last_line("batch") == 9
        assert catalog.last_line("another") == 0

    def test_a_line_written_twice_keeps_its_outcome(self, catalog: Catalog):
        catalog.create_batch(batch())
        settled = Line(1, "/a", LineState.FAILED, reason="gone")
        catalog.add_lines("batch", [Line(1, "/a")])
        catalog.commit_intake(IntakeGroup(lines=[("batch", settled)]))
        catalog.add_lines("batch", [Line(1, "/a")])
        assert catalog.known_lines("batch", ["/a"]) == {"/a": [settled]}
        assert catalog.pending_lines("batch", 0, 10) == []

    def test_lines_are_found_by_odd_sources_in_order_and_of_this_batch_only(self, catalog: Catalog):
        for name in ("batch", "other"):
            catalog.create_batch(batch(name))
            catalog.add_lines(name, [Line(number, ODD) for number in (3, 1, 2)])
        found = catalog.known_lines("batch", [ODD, *(f"/{n}" for n in range(1_000))])
        assert [line.number for line in found[ODD]] == [1, 2, 3]

    def test_pending_lines_come_in_pages(self, catalog: Catalog):
        catalog.create_batch(batch())
        catalog.add_lines("batch", [Line(number, f"/{number}") for number in range(1, 6)])
        catalog.commit_intake(IntakeGroup(lines=[("batch", Line(2, "/2", LineState.SKIPPED))]))
        assert [line.number for line in catalog.pending_lines("batch", 0, 2)] == [1, 3]
        assert [line.number for line in catalog.pending_lines("batch", 3, 9)] == [4, 5]

    def test_report_and_tally_name_every_outcome(self, catalog: Catalog):
        catalog.create_batch(batch())
        documents = [
            archived("whole"),
            archived("cut", outcome=Outcome.PARTIAL, members=4, members_failed=1, reason="damaged"),
            archived("dead", state=State.QUARANTINED, outcome=Outcome.CRASHED),
            received("waiting"),
        ]
        states = [LineState.NEW, LineState.DUPLICATE, LineState.NEW, LineState.NEW]
        lines = [Line(n, one.source, state, one.id) for n, (one, state) in enumerate(zip(documents, states, strict=True), 1)]
        lines += [Line(5, "/e", LineState.FAILED, reason="no such file"), Line(6, "/f", LineState.SKIPPED), Line(7, "/g")]
        lines += [Line(8, "/in/whole", LineState.ALREADY, documents[0].id)]
        catalog.add_lines("batch", [Line(line.number, line.source) for line in lines])
        catalog.commit_intake(IntakeGroup(lines=[("batch", line) for line in lines], documents=documents))
        report = list(catalog.report("batch"))
        assert [line.outcome for line in report] == [
            "archived", "duplicate, partial text", "quarantined", "waiting", "failed", "skipped", "waiting", "already there",
        ]  # fmt: skip
        assert [report[1].reason, report[4].reason] == ["damaged", "no such file"]
        tally = catalog.tally("batch")
        assert tally.lines == sum(tally.by_outcome.values()) == len(report)
        assert tally.by_outcome["waiting"] == 2
        assert list(catalog.report("none")) == []

    def test_a_report_longer_than_a_page_misses_no_line(self, catalog: Catalog):
        catalog.create_batch(batch())
        catalog.add_lines("batch", [Line(number, f"/{number}") for number in range(1, 4_002)])
        assert [line.number for line in catalog.report("batch")] == list(range(1, 4_002))
        assert [line.number for line in catalog.report("batch", after=3_998)] == [3_999, 4_000, 4_001]

    # -- retention ----------------------------------------------------------------------------------------------
    def test_what_is_due_and_what_has_no_day_goes_on_where_it_was_left(self, catalog: Catalog):
        catalog.create_batch(batch())
        days = {"a": date(2020, 1, 1), "b": date(2020, 1, 1), "c": date(2021, 1, 1), "d": None, "e": None}
        documents = [archived(name, retain_until=day) for name, day in days.items()]
        catalog.commit_intake(IntakeGroup(documents=[replace(one, state=State.RECEIVED) for one in documents]))
        catalog.commit_archived(documents, [])
        due, undated = list(catalog.due(date(2022, 1, 1))), list(catalog.undated())
        assert len(due) == 3
        assert len(undated) == 2
        for at, one in enumerate(due):
            assert one.retain_until is not None
            assert list(catalog.due(date(2022, 1, 1), after=(one.retain_until, one.id))) == due[at + 1 :]
        assert list(catalog.undated(after=undated[0].id)) == undated[1:]
        assert list(catalog.undated(after=undated[1].id)) == []

    def test_what_a_hold_holds_is_counted_by_who_may_see_it(self, catalog: Catalog):
        catalog.create_batch(batch())
        grants = [("finance",), ("finance",), ("board", "finance"), ("board",)]
        documents = [archived(str(n), grants=given, denies=("guests",) if n == 3 else ()) for n, given in enumerate(grants)]
        catalog.commit_intake(IntakeGroup(documents=[replace(one, state=State.RECEIVED) for one in documents]))
        catalog.add_hold(HoldRecord("h", "m", "r", "o", AT, "by"), [])
        assert catalog.held_grants("h") == []
        catalog.place("h", [one.id for one in documents], AT.date(), [])
        found = {(one.grants, one.denies): one.documents for one in catalog.held_grants("h")}
        assert found == {(("finance",), ()): 2, (("board", "finance"), ()): 1, (("board",), ("guests",)): 1}
        assert catalog.held_grants("another") == []

    # -- intake -------------------------------------------------------------------------------------------------
    def test_intake_makes_everything_true_at_once(self, catalog: Catalog):
        catalog.create_batch(batch())
        document = received("é\udce9", source=ODD)
        seen = Seen("default", ODD, 1, 2**62, 3, 2**40, document.id)
        group = IntakeGroup([("batch", Line(1, ODD, LineState.NEW, document.id))], [document], [content(document)], [seen])
        for _ in range(2):
            catalog.commit_intake(group)
        assert replace(catalog.document(document.id), sequence=0) == document
        assert catalog.seen("default", [ODD]) == {ODD: seen}
        assert catalog.seen("other", [ODD]) == {}
        key = ("default", "UNCLASSIFIED", document.sha256)
        assert catalog.contents([key, ("default", "OTHER", document.sha256), ("a", "b", "c")]) == {key: content(document)}

    def test_intake_never_takes_a_document_back(self, catalog: Catalog):
        catalog.commit_intake(IntakeGroup(documents=[received()]))
        catalog.commit_archived([archived()], [])
        catalog.commit_intake(IntakeGroup(documents=[received()]))
        assert catalog.document(received().id).state is State.ARCHIVED

    def test_what_was_seen_last_counts(self, catalog: Catalog):
        for size in (1, 2):
            catalog.commit_intake(IntakeGroup(seen=[Seen("default", "/a", size, 0, 0, 0, "x")]))
        assert catalog.seen("default", ["/a"])["/a"].size == 2

    # -- documents ----------------------------------------------------------------------------------------------
    def test_a_document_comes_back_whole(self, catalog: Catalog):
        original = archived()
        inside = member(original, 1, members=2, members_failed=1, attempts=3)
        top = catalog.commit_archived([original, inside], [])
        assert catalog.documents([original.id, inside.id, "none"]) == {
            original.id: replace(original, sequence=top - 1),
            inside.id: replace(inside, sequence=top),
        }
        with pytest.raises(NotFoundError):
            catalog.document("none")

    def test_every_change_gets_a_higher_sequence_in_order(self, catalog: Catalog):
        catalog.commit_intake(IntakeGroup(documents=[received("a"), received("b")]))
        assert catalog.top_sequence() == 2
        assert catalog.commit_archived([archived("b"), archived("a")], []) == 4
        assert [(one.name, one.sequence) for one in catalog.changed_since(0)] == [("b", 3), ("a", 4)]
        assert catalog.commit_archived([archived("a")], []) == 5
        assert [one.name for one in catalog.changed_since(4)] == ["a"]
        assert catalog.commit_archived([], []) == 5

    def test_documents_and_their_ledger_events_stand_or_fall_together(self, catalog: Catalog):
        good, bad = LedgerEvent(ARCHIVED, "x", AT, {}), LedgerEvent(ARCHIVED, "x", AT, {"raw": b"bytes"})
        with pytest.raises(UsageError):
            catalog.commit_archived([archived()], [good, bad])
        assert catalog.documents([archived().id]) == {}
        assert catalog.top_sequence() == 0

    def test_waiting_are_the_received_ones(self, catalog: Catalog):
        catalog.commit_intake(IntakeGroup(documents=[received(name) for name in "abcd"]))
        catalog.commit_archived([archived("b")], [])
        assert [one.name for one in catalog.waiting(2)] == ["a", "c"]
        assert [one.name for one in catalog.waiting(2, catalog.waiting(2)[-1].sequence)] == ["d"]

    def test_attempts_are_counted(self, catalog: Catalog):
        catalog.commit_intake(IntakeGroup(documents=[received("a"), received("b")]))
        for _ in range(2):
            catalog.begin_attempt([received("a").id])
        assert [catalog.document(received(name).id).attempts for name in "ab"] == [2, 0]

    def test_ids_are_found_by_their_beginning(self, catalog: Catalog):
        catalog.commit_intake(IntakeGroup(documents=[received(str(n)) for n in range(30)]))
        wanted = received("7").id
        assert catalog.resolve(wanted[:8]) == [wanted]
        assert len(catalog.resolve("", 5)) == 5
        assert catalog.resolve("zzz") == []

    @pytest.mark.parametrize("outcome", [Outcome.COMPLETE, Outcome.EMPTY])
    def test_a_whole_text_serves_other_documents(self, catalog: Catalog, outcome: Outcome):
        catalog.commit_intake(IntakeGroup(contents=[content(archived())]))
        catalog.commit_archived([archived(outcome=outcome), archived("copy", outcome=outcome)], [])
        key = (archived().collection, archived().retention_class, archived().sha256)
        found = catalog.read_whole([key]).get(key)
        assert found is not None
        assert found.id in (archived().id, archived("copy").id)
        assert catalog.read_whole([("other", *key[1:])]) == {}

    @pytest.mark.parametrize(
        "changes", [{"outcome": Outcome.PARTIAL}, {"text_key": ""}, {"members": 1}, {"outcome": Outcome.ENCRYPTED}]
    )
    def test_a_text_that_is_not_whole_serves_nobody(self, catalog: Catalog, changes):
        catalog.commit_intake(IntakeGroup(contents=[content(archived())]))
        catalog.commit_archived([archived(**changes)], [])
        assert catalog.read_whole([(archived().collection, archived().retention_class, archived().sha256)]) == {}

    def test_select_by_each_criterion_and_by_several(self, catalog: Catalog):
        box = archived("box.zip", batch_id="one")
        rows = [
            box,
            member(box, 0, batch_id="one"),
            archived("b", batch_id="two", outcome=Outcome.PARTIAL),
            archived("c", collection="hr"),
        ]
        catalog.commit_archived(rows, [])

        def names(**criteria: str) -> list[str]:
            return [one.name for one in catalog.select(**criteria)]

        assert names() == [one.name for one in rows]
        assert names(batch_id="one") == ["box.zip", "box.zip!0"]
        assert names(batch_id="one", outcome="partial") == []
        assert names(outcome="partial") == ["b"]
        assert names(collection="hr") == ["c"]
        assert names(root_id=box.id) == ["box.zip!0"]

    def test_select_goes_on_through_changes_and_pages(self, catalog: Catalog):
        catalog.commit_archived([archived(str(n)) for n in range(2_500)], [])
        found = []
        for document in catalog.select(outcome="complete"):
            found.append(document.name)
            if len(found) == 1:
                catalog.commit_archived([archived("2499", outcome=Outcome.PARTIAL)], [])
        assert found == [str(n) for n in range(2_499)]

    def test_contents_and_who_refers_to_them(self, catalog: Catalog):
        first, second, other = archived("a"), archived("b"), archived("c", retention_class="OTHER")
        inside = member(first, 0, sha256=first.sha256)
        gone = archived("d", state=State.DISPOSED)
        catalog.commit_intake(IntakeGroup(contents=[content(first)]))
        catalog.commit_archived([first, second, other, inside, gone], [])
        assert {one.name for one in catalog.referrers(content(first))} == {"a", "b"}
        assert list(catalog.all_contents()) == [content(first)]

    def test_all_contents_come_in_pages(self, catalog: Catalog):
        many = [content(received(str(n), str(n).encode())) for n in range(2_100)]
        catalog.commit_intake(IntakeGroup(contents=many))
        assert {one.sha256 for one in catalog.all_contents()} == {one.sha256 for one in many}

    def test_kinds_of_all_contents(self, catalog: Catalog):
        assert catalog.kinds() == set()
        one = content(received("a", b"a"))
        others = [replace(one, retention_class="OTHER"), replace(one, collection="letters"), replace(one, sha256="0" * 64)]
        catalog.commit_intake(IntakeGroup(contents=[one, *others]))
        there = (one.collection, one.retention_class)
        assert catalog.kinds() == {there, (one.collection, "OTHER"), ("letters", one.retention_class)}

    def test_counts(self, catalog: Catalog):
        catalog.create_batch(batch())
        catalog.add_lines("batch", [Line(1, "/a")])
        catalog.commit_archived([archived("a"), archived("b"), received("c")], [])
        assert catalog.counts() == {"documents archived": 2, "documents received": 1, "contents": 0, "batches": 1, "lines": 1}

    # -- the rest -----------------------------------------------------------------------------------------------
    def test_policies_and_marks(self, catalog: Catalog):
        assert catalog.newest_policy() is None
        for version in (1, 2):
            catalog.add_policy(PolicyVersion(version, "s", AT, "anna\udce9", "body"), [])
        assert catalog.newest_policy() == PolicyVersion(2, "s", AT, "anna\udce9", "body")
        assert catalog.get_mark("x") is None
        for value in ("1", "2"):
            catalog.set_mark("x", value)
        assert catalog.get_mark("x") == "2"
