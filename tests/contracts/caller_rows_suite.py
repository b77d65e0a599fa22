"""What `ports.caller_rows.CallerRows` promises, on whatever database; a subclass gives `engine`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from archiver.adapters.catalog.caller_rows import SqlCallerRows
from archiver.adapters.catalog.ledger_rows import SqlLedgerRows
from archiver.domain.caller import Permission
from archiver.domain.ledger import LedgerEvent, Tree
from archiver.errors import AlreadyExistsError
from archiver.ports.caller_rows import ApiKey, Grant

AT = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
DAY = timedelta(days=1)


def key(key_id: str = "0123456789ab", name: str = "erp", **more) -> ApiKey:
    groups, permissions = frozenset({"finance", "été"}), frozenset({Permission.SEARCH, Permission.PURGE_PLAN})
    return replace(ApiKey(key_id, name, bytes(range(32)), groups, permissions, "pour l'été", AT, "owner", AT + 365 * DAY), **more)


def grant(grant_id: str = "bg-1", principal: str = "oidc:anna", **more) -> Grant:
    return replace(Grant(grant_id, principal, frozenset({"legal"}), "an audit", "owner", AT, AT + DAY), **more)


def event(kind: str = "api-key-created") -> LedgerEvent:
    return LedgerEvent(kind, "", AT, {"key": "x"})


class CallerRowsSuite:
    @pytest.fixture
    def rows(self, engine: Engine) -> SqlCallerRows:
        return SqlCallerRows(engine)

    @pytest.fixture
    def entered(self, engine: Engine):
        return lambda: SqlLedgerRows(engine).waiting(Tree.CUSTODY)

    # -- keys ---------------------------------------------------------------------------------------------------
    def test_a_key_reads_as_it_was_written(self, rows: SqlCallerRows, entered) -> None:
        rows.add_key(key(), [event()])
        rows.add_key(key("ba9876543210", "scanner", groups=frozenset(), created_at=AT - DAY), [event()])
        assert rows.key("0123456789ab") == key()
        assert [one.name for one in rows.all_keys()] == ["scanner", "erp"]
        assert rows.key("none") is None
        assert entered() == 2

    def test_a_living_name_is_one_keys(self, rows: SqlCallerRows, entered) -> None:
        rows.add_key(key(), [event()])
        for other in (key("ba9876543210"), key(name="other")):
            with pytest.raises(AlreadyExistsError):
                rows.add_key(other, [event()])
        assert (entered(), rows.all_keys()) == (1, [key()])
        rows.revoke_key("0123456789ab", AT + DAY, "lost", [event()])
        rows.add_key(key("ba9876543210"), [event()])
        assert entered() == 3

    def test_of_many_who_take_a_name_at_once_one_gets_it(self, rows: SqlCallerRows, entered) -> None:
        def take(number: int) -> bool:
            try:
                rows.add_key(key(f"{number:012}"), [event()])
            except AlreadyExistsError:
                return False
            return True

        with ThreadPoolExecutor(8) as many:
            assert sum(many.map(take, range(16))) == 1
        assert (len(rows.all_keys()), entered()) == (1, 1)

    def test_a_key_takes_anothers_place(self, rows: SqlCallerRows, entered) -> None:
        rows.add_key(key(), [event()])
        new = key("ba9876543210", created_at=AT + DAY, digest=b"n" * 32)
        rows.rotate_key(key(expires_at=AT + 7 * DAY), new, [event("api-key-rotated")])
        assert rows.all_keys() == [key(expires_at=AT + 7 * DAY, rotated_to=new.id), new]
        with pytest.raises(AlreadyExistsError, match="meanwhile"):
            rows.rotate_key(key(), key("aaaaaaaaaaaa"), [event()])
        rows.revoke_key(new.id, AT, "lost", [])
        with pytest.raises(AlreadyExistsError, match="meanwhile"):
            rows.rotate_key(new, key("aaaaaaaaaaaa"), [event()])
        assert (entered(), rows.key("aaaaaaaaaaaa")) == (2, None)

    def test_of_many_who_rotate_at_once_one_does(self, rows: SqlCallerRows) -> None:
        rows.add_key(key(), [])

        def rotate(number: int) -> bool:
            try:
                rows.rotate_key(key(), key(f"{number:012}"), [])
            except AlreadyExistsError:
                return False
            return True

        with ThreadPoolExecutor(8) as many:
            assert sum(many.map(rotate, range(16))) == 1
        assert len(rows.all_keys()) == 2

    def test_a_key_is_revoked_once(self, rows: SqlCallerRows, entered) -> None:
        rows.add_key(key(), [])
        rows.revoke_key("0123456789ab", AT + DAY, "volée", [event("api-key-revoked")])
        rows.revoke_key("0123456789ab", AT + 2 * DAY, "again", [event("api-key-revoked")])
        rows.revoke_key("none", AT, "why", [event("api-key-revoked")])
        assert rows.key("0123456789ab") == key(revoked_at=AT + DAY, revoked_reason="volée")
        assert entered() == 1

    def test_the_last_use_only_grows(self, rows: SqlCallerRows) -> None:
        rows.add_key(key(), [])
        for at, noted in ((AT + DAY, AT + DAY), (AT, AT + DAY), (AT + 2 * DAY, AT + 2 * DAY)):
            rows.key_used("0123456789ab", at)
            assert rows.key("0123456789ab") == key(last_used_at=noted)

    # -- break-glass --------------------------------------------------------------------------------------------
    def test_a_grant_reads_as_it_was_written(self, rows: SqlCallerRows, entered) -> None:
        rows.add_grant(grant(), [event("break-glass-granted")])
        rows.add_grant(grant("bg-2", granted_at=AT + DAY), [])
        assert rows.grant("bg-1") == grant()
        assert rows.grant("none") is None
        assert [one.id for one in rows.grants()] == ["bg-2", "bg-1"]
        with pytest.raises(AlreadyExistsError):
            rows.add_grant(grant(), [event()])
        assert entered() == 1

    def test_grants_in_force_are_those_of_one_principal_now(self, rows: SqlCallerRows) -> None:
        rows.add_grant(grant(), [])
        rows.add_grant(grant("bg-2", principal="oidc:Anna"), [])
        rows.add_grant(grant("bg-3", granted_at=AT + timedelta(hours=1)), [])
        rows.add_grant(grant("bg-4", ended_at=AT), [])
        assert [one.id for one in rows.grants_of("oidc:anna", AT + timedelta(hours=2))] == ["bg-1", "bg-3"]
        assert rows.grants_of("oidc:anna", AT + DAY) == []
        assert rows.grants_of("oidc:bruno", AT) == []

    def test_a_grant_ends_once(self, rows: SqlCallerRows, entered) -> None:
        rows.add_grant(grant(), [])
        at = AT + timedelta(hours=1)
        rows.end_grant("bg-1", at, [event("break-glass-ended")])
        rows.end_grant("bg-1", at + timedelta(hours=1), [event("break-glass-ended")])
        assert rows.grant("bg-1") == grant(ended_at=at)
        rows.add_grant(grant("bg-2"), [])
        rows.end_grant("bg-2", AT + DAY, [event("break-glass-ended")])
        assert rows.grant("bg-2") == grant("bg-2")
        assert entered() == 1
