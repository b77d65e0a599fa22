"""The settings of an issuer of tokens: what is set is checked before a token is."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.domain.outside_address import is_protected
from archiver.errors import UsageError
from archiver.settings import Settings, load
from tests.support.command import Minutier

GOOD = {"MINUTIER_OIDC_ISSUER": "https://id.example/realms/x", "MINUTIER_OIDC_AUDIENCE": "minutier"}


def test_they_are_read(tmp_path: Path) -> None:
    settings, origins = load(tmp_path, {**GOOD, "MINUTIER_OIDC_GROUPS_CLAIM": "realm_access.roles"})
    assert (settings.oidc_issuer, settings.oidc_audience) == ("https://id.example/realms/x", "minutier")
    assert (settings.oidc_groups_claim, settings.oidc_groups_from) == ("realm_access.roles", "token")
    assert origins["oidc_issuer"] == "MINUTIER_OIDC_ISSUER"
    assert (Settings().oidc_issuer, Settings().oidc_scopes) == ("", "search,read")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ISSUER", "http://id.example", "cannot be trusted"),
        ("ISSUER", "id.example", "cannot be trusted"),
        ("ISSUER", "https://anna:secret@id.example", "cannot be trusted"),
        ("KEYS_URL", "http://id.example/keys", "cannot be trusted"),
        ("KEYS_URL", "ftp://id.example/keys", "does not begin as it must"),
        ("AUDIENCE", "", "oidc_audience is not"),
        ("ALGORITHMS", "none", "'none' is not taken"),
        ("ALGORITHMS", "RS256,HS256", "'HS256' is not taken"),
        ("ALGORITHMS", "", "no algorithm"),
        ("GROUPS_FROM", "cookie", "oidc_groups_from is 'cookie'"),
        ("GROUPS_CLAIM", "", "oidc_groups_claim is ''"),
        ("SCOPES", "search,everything", "'everything' is no scope"),
        ("SCOPES", "", "no scope"),
    ],
)
def test_what_cannot_be(tmp_path: Path, name: str, value: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        load(tmp_path, {**GOOD, f"MINUTIER_OIDC_{name}": value})
    assert caught.value.remedy
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://a", "https://a:8443/x?y", "http://localhost:1/x", "http://127.0.0.2", "http://[::1]:5/"]
)
def test_where_nobody_is_in_between(url: str) -> None:
    assert is_protected(url)


@pytest.mark.parametrize(
    "url",
    ["", "https://", "http://a", "http://127.0.0.1.a", "http://127.0.0.1@a/", "http://localhost.a/", "http://0.0.0.0/", "//a", "https://é/",
     "https://a b/", "https://a\n/", "https://[::1", "https://a:x/", "javascript:x", "http://2130706433/"],
)  # fmt: skip
def test_where_somebody_may_be(url: str) -> None:
    assert not is_protected(url)


def test_they_are_shown_as_none(tmp_path: Path) -> None:
    rows = {row["setting"]: row["value"] for row in Minutier(tmp_path / "none").run("--json", "config", "show").rows}
    assert (rows["oidc_issuer"], rows["oidc_keys_url"], rows["oidc_groups_claim"]) == ("(none)", "(none)", "groups")
