"""Who calls, from the header to the caller, over an archive as it is served; and the commands that make and unmake it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from archiver.bootstrap import Archive
from archiver.bootstrap.callers import Callers
from archiver.domain.caller import Caller, Permission
from archiver.errors import NotAuthenticatedError, UnreachableError
from tests.support.command import Minutier
from tests.support.issuer import AUDIENCE, issuer
from tests.support.on_servers import archive_on_servers


@contextmanager
def embedded(home: Path, **settings: str) -> Iterator[Minutier]:
    minutier = Minutier(home, **settings)
    minutier.run("init")
    yield minutier


def deployed(home: Path, deployment: str):
    return embedded(home) if deployment == "folder" else archive_on_servers(home, broker="")


@contextmanager
def serving(minutier: Minutier, monkeypatch: pytest.MonkeyPatch, **options: bool) -> Iterator[Callers]:
    for name, value in minutier.environment.items():
        if name.startswith("MINUTIER_"):
            monkeypatch.setenv(name, value)
    with Archive(minutier.home, **(options or {"writable": True, "always": True})) as archive:
        yield Callers(archive)


def create(minutier: Minutier, name: str = "erp", *more: str) -> dict:
    asked = ("--groups", "finance", "--scopes", "search,read", "--expires", "P1Y", *more)
    (row,) = minutier.run("--json", "key", "create", "--name", name, *asked).rows
    return row


def call(callers: Callers, token: str) -> Caller | None:
    try:
        return callers.authenticate(f"Bearer {token}")
    except NotAuthenticatedError:
        return None


@pytest.mark.parametrize("deployment", ["folder", "servers"])
def test_an_api_keys_life(tmp_path: Path, deployment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command changes counts for a running server from the next call on."""
    with deployed(tmp_path / "archive", deployment) as minutier:
        made = create(minutier)
        with serving(minutier, monkeypatch) as callers:
            found = call(callers, made["token"])
            assert (found.principal.name, found.principal.groups) == ("key:erp", {"finance"})
            assert found.permissions == {Permission.SEARCH, Permission.READ}
            (rotated,) = minutier.run("--json", "key", "rotate", made["key"], "--overlap", "P1D").rows
            assert rotated["replaces"] == made["key"]
            assert (call(callers, made["token"]).key_id, call(callers, rotated["token"]).key_id) == (made["key"], rotated["key"])
            grant = minutier.run(
                "--json", "break-glass", "grant", "key:erp", "--groups", "legal", "--reason", "audit", "--hours", "1"
            ).rows[0]
            assert call(callers, rotated["token"]).principal.groups == {"finance", "legal"}
            assert call(callers, rotated["token"]).break_glass == (grant["grant"],)
            minutier.run("break-glass", "end", grant["grant"])
            assert call(callers, rotated["token"]).principal.groups == {"finance"}
            minutier.run("key", "revoke", made["key"], "--reason", "rotated")
            assert call(callers, made["token"]) is None
            assert call(callers, rotated["token"])
        old, new = [row for row in minutier.run("--json", "key", "list").rows if row["kind"] == "api"]
        assert (old["key"], old["revoked_reason"], old["rotated_to"]) == (made["key"], "rotated", rotated["key"])
        assert (new["key"], new["revoked_at"], new["last_used_at"] is not None) == (rotated["key"], None, True)
        minutier.run("verify")


def test_a_key_is_shown_once(tmp_path: Path) -> None:
    with embedded(tmp_path / "archive") as minutier:
        ran = minutier.run("key", "create", "--name", "erp", "--scopes", "deposit", "--expires", "P1Y", "--purpose", "intake")
        (token,) = re.findall(r"mnt_[0-9a-f_]+", ran.out)
        row = minutier.run("--json", "key", "list", "--kind", "api").rows[0]
        assert (row["groups"], row["scopes"], row["purpose"]) == ([], ["deposit"], "intake")
        said = "".join(minutier.run(*command).out for command in (("key", "list"), ("--json", "key", "list"), ("export",)))
        assert token not in said
        assert token[17:] not in said
        assert "never used" in minutier.run("key", "list").out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--name", "ERP", "--scopes", "read", "--expires", "P1Y"), 2, "no name of an API key"),
        (("--name", "erp", "--scopes", "write", "--expires", "P1Y"), 2, "'write' is no scope"),
        (("--name", "erp", "--scopes", "read", "--expires", "P3Y"), 2, "at most P2Y"),
        (("--name", "erp", "--scopes", "read", "--expires", "PT1H"), 2, "PT1H"),
        (("--name", "erp", "--scopes", "read"), 2, "--expires"),
        (("--name", "taken", "--scopes", "read", "--expires", "P1Y"), 1, "named taken"),
    ],
)
def test_keys_that_are_not_made(tmp_path: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    with embedded(tmp_path / "archive") as minutier:
        create(minutier, "taken")
        ran = minutier.run("key", "create", *arguments, code=code)
        assert said in ran.err
        assert "mnt_" not in ran.out
        assert len(minutier.run("--json", "key", "list", "--kind", "api").rows) == 1


def test_only_the_owner_makes_keys_and_breaks_the_glass(tmp_path: Path) -> None:
    with embedded(tmp_path / "archive") as minutier:
        key = create(minutier)["key"]
        for command in (
            ("key", "create", "--name", "x", "--scopes", "read", "--expires", "P1Y"),
            ("key", "rotate", key),
            ("key", "revoke", key, "--reason", "x"),
            ("key", "list"),
            ("break-glass", "grant", "key:erp", "--groups", "a", "--reason", "x", "--hours", "1"),
            ("break-glass", "end", "bg-x"),
            ("break-glass", "list"),
        ):
            minutier.run("--as", "anna", "--group", "finance", *command, code=12)
        assert len(minutier.run("--json", "key", "list", "--kind", "api").rows) == 1


def test_keys_of_every_kind_are_listed_and_revoked_by_their_id(tmp_path: Path) -> None:
    with embedded(tmp_path / "archive") as minutier:
        api = create(minutier)["key"]
        (person,) = minutier.run("--json", "key", "new", tmp_path / "anna", "--no-passphrase").rows
        minutier.run("key", "enroll", "Anna", tmp_path / "anna.pub")
        rows = minutier.run("--json", "key", "list").rows
        assert [row["kind"] for row in rows] == ["archive", "person", "api"]
        assert [row["key"] for row in rows][1:] == [person["key"], api]
        for kind in ("archive", "person", "api"):
            assert [row["kind"] for row in minutier.run("--json", "key", "list", "--kind", kind).rows] == [kind]
        for key in (person["key"], api):
            assert minutier.run("--json", "key", "revoke", key, "--reason", "lost").rows[0]["new"] is True
            assert "revoked already" in minutier.run("key", "revoke", key, "--reason", "again").out
        minutier.run("key", "revoke", "f" * 12, "--reason", "none", code=1)
        minutier.run("key", "rotate", api, code=5)


def test_grants_are_listed(tmp_path: Path) -> None:
    with embedded(tmp_path / "archive") as minutier:
        assert "No such grant" in minutier.run("break-glass", "list").err
        give = ("--groups", "legal,hr", "--reason", "tax audit", "--hours")
        first = minutier.run("--json", "break-glass", "grant", "oidc:anna", *give, "24").rows[0]
        second = minutier.run("--json", "break-glass", "grant", "oidc:bruno", *give, "0.5").rows[0]
        minutier.run("break-glass", "end", first["grant"])
        rows = minutier.run("--json", "break-glass", "list").rows
        assert [(row["grant"], row["active"]) for row in rows] == [(second["grant"], True), (first["grant"], False)]
        assert [row["grant"] for row in minutier.run("--json", "break-glass", "list", "--active").rows] == [second["grant"]]
        assert "tax audit" in minutier.run("break-glass", "list").out
        assert minutier.run("--json", "break-glass", "end", first["grant"]).rows[0]["new"] is False
        minutier.run("break-glass", "grant", "oidc:x", *give, "25", code=2)
        minutier.run("break-glass", "grant", "key:none", *give, "1", code=1)
        minutier.run("break-glass", "end", "bg-none", code=1)
        minutier.run("verify")


def test_a_rebuilt_catalogue_has_no_keys_and_lets_nobody_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with embedded(tmp_path / "archive") as minutier:
        token = create(minutier)["token"]
        minutier.run("break-glass", "grant", "key:erp", "--groups", "legal", "--reason", "audit", "--hours", "1")
        minutier.run("rebuild", "--replace")
        assert minutier.run("--json", "key", "list", "--kind", "api").rows == []
        assert minutier.run("--json", "break-glass", "list").rows == []
        with serving(minutier, monkeypatch) as callers:
            assert call(callers, token) is None
        create(minutier)
        minutier.run("verify")


# -- headers --------------------------------------------------------------------------------------------------------
def test_headers_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    with embedded(tmp_path / "archive") as minutier:
        token = create(minutier)["token"]
        with serving(minutier, monkeypatch) as callers, caplog.at_level(logging.INFO, "minutier.callers"):
            for header in (f"Bearer {token}", f"bearer {token}", f"BEARER  {token} "):
                assert callers.authenticate(header).principal.name == "key:erp"
            for header in ("", "Bearer", "Bearer ", token, f"Basic {token}", f"Bearer {token} x", f"Bearer x {token}", f"Bearer{token}",
                           "Bearer " + "x" * 100_000, "Bearer é\u0000\ud800", "Bearer mnt_", "Bearer a.b.c"):  # fmt: skip
                with pytest.raises(NotAuthenticatedError) as caught:
                    callers.authenticate(header)
                assert str(caught.value) == str(NotAuthenticatedError())
                assert (caught.value.code, caught.value.exit_code) == ("not-authenticated", 12)
            assert "a call was refused: no bearer token" in caplog.text
            assert token not in caplog.text


def test_a_host_that_only_reads_lets_callers_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with embedded(tmp_path / "archive") as minutier:
        token = create(minutier)["token"]
        with serving(minutier, monkeypatch, writable=False) as callers:
            assert call(callers, token)
        assert minutier.run("--json", "key", "list", "--kind", "api").rows[0]["last_used_at"] is None


# -- tokens ---------------------------------------------------------------------------------------------------------
def test_a_token_and_a_key_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with issuer() as ours:
        settings = {"MINUTIER_OIDC_ISSUER": ours.address, "MINUTIER_OIDC_AUDIENCE": AUDIENCE, "MINUTIER_OIDC_SCOPES": "read"}
        with embedded(tmp_path / "archive", **settings) as minutier:
            api = create(minutier)["token"]
            minutier.run("break-glass", "grant", "oidc:anna", "--groups", "legal", "--reason", "audit", "--hours", "1")
            with serving(minutier, monkeypatch) as callers:
                found = call(callers, ours.token())
                assert (found.principal.name, found.principal.groups) == ("oidc:anna", {"finance", "legal"})
                assert (found.permissions, len(found.break_glass)) == ({Permission.READ}, 1)
                # whatever its issuer says, a token is no API key's name
                assert call(callers, ours.token(sub="key:erp")).principal.name == "oidc:key:erp"
                assert call(callers, ours.token(aud="other")) is None
                ours.status = 500
                assert call(callers, api).principal.name == "key:erp"
                with ThreadPoolExecutor(8) as many:
                    tokens = [api, ours.token()] * 20
                    names = [one.principal.name for one in many.map(lambda token: call(callers, token), tokens)]
                assert names == ["key:erp", "oidc:anna"] * 20


def test_an_issuer_that_does_not_answer_is_no_strangers_business(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with issuer() as ours:
        settings = {"MINUTIER_OIDC_ISSUER": ours.address, "MINUTIER_OIDC_AUDIENCE": AUDIENCE}
        ours.status = 500
        with embedded(tmp_path / "archive", **settings) as minutier, serving(minutier, monkeypatch) as callers:
            with caplog.at_level(logging.WARNING, "minutier.callers"), pytest.raises(UnreachableError) as caught:
                callers.authenticate(f"Bearer {ours.token()}")
            assert ours.address not in str(caught.value) + caught.value.remedy
            assert ours.address in caplog.text


def test_groups_that_the_issuer_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with issuer() as ours:
        ours.owners["anna"] = {"sub": "anna", "roles": {"minutier": ["hr"]}}
        settings = {"ISSUER": ours.address, "AUDIENCE": AUDIENCE, "GROUPS_FROM": "userinfo", "GROUPS_CLAIM": "roles.minutier"}
        with (
            embedded(tmp_path / "archive", **{f"MINUTIER_OIDC_{name}": value for name, value in settings.items()}) as minutier,
            serving(minutier, monkeypatch) as callers,
        ):
            assert call(callers, ours.token()).principal.groups == {"hr"}
            ours.status = 500
            found = call(callers, ours.token(sub="bruno"))
            assert (found.principal.name, found.scope.groups, found.scope.everything) == ("oidc:bruno", frozenset(), False)
