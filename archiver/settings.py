"""Settings: read once, from the environment (`MINUTIER_…`), then `minutier.toml` in the archive, then the defaults here."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from archiver.domain.caller import permissions_of
from archiver.domain.extraction import Limits
from archiver.domain.outside_address import is_protected
from archiver.domain.signing_algorithms import algorithms_of
from archiver.errors import UsageError

PREFIX = "MINUTIER_"
FILE = "minutier.toml"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every setting and its default.

    Attributes:
        objects_url, catalog_url, index_url, tika_url, broker_url: servers to use in place of the archive's own folder; "" for
            none. Each may hold a password, and each can be read from a file named by the same variable with `_FILE` added.
        timestamp_url: an outside authority (RFC 3161) that says when a certificate and the heads before it were there; "" for
            none. It may hold a password, too.
        timestamp_ca: a file of PEM certificates of the authorities to trust; "" for those that the machine trusts.
        patience: seconds that an import or a worker waits for a server that does not answer, before it gives up.
        lease_seconds: after this a worker that says nothing counts as dead, and its documents go to others.
        ahead_documents, ahead_bytes: how far imports may run ahead of the workers, all together.
        timetable_plan: how often `minutier timetable` and the workers plan purges, which nobody but a person approves, as an ISO
            8601 period; "" for never.
        timetable_plan_for: what these plans are of: `class:NAME` or `collection:NAME`, with commas between several, each a plan of
            its own; "" for one plan of everything that is due.
        timetable_fixity: the period within which they read everything back, a share a day; "" for never.
        timetable_fixity_bytes: bytes after which a day's share ends.
        timetable_missing: after this they tell of documents whose event nobody recorded; "" for never.
        access_kept: how long it is kept who read what, counted from the end of each month, as an ISO 8601 period; "" for ever.
        api_threads: questions that `minutier serve` answers at once; more wait.
        api_rate: how often one caller may ask, such as 600/minute, counted by each serving process.
        api_purpose: "required" refuses callers that do not say why they read; "optional" does not.
        api_deposit_bytes: largest document that is taken over HTTP.
        oidc_issuer: the OpenID Connect issuer whose tokens callers may come with, as their `iss` says it; "" for API keys only.
        oidc_audience: what a token's `aud` must name: this archive, as the issuer knows it.
        oidc_algorithms: signatures that are taken, with commas between; of pairs of keys only.
        oidc_keys_url: where the issuer's keys are; "" to ask its discovery document.
        oidc_groups_claim: where a token names its owner's groups; with dots for a claim inside another.
        oidc_groups_from: "token" takes groups from the token itself, "userinfo" asks the issuer for them.
        oidc_scopes: what tokens may be used for at most, with commas between; a token names its own as `minutier:search`.
        workers: processes that read documents; 0 means one for each processor.
        readers: "on" reads common formats with fast readers, "off" sends everything to Tika.
        read_seconds: longest time one document or member may take to read.
        read_memory: bytes of memory a reading process may use.
        text_chars: longest text kept of one document; a longer one is cut and its outcome says so.
        container_depth, container_entries, container_bytes, member_bytes, container_ratio: limits on one container:
            levels of nesting, members, bytes of all members, bytes of one member, expansion ratio.
    """

    objects_url: str = ""
    catalog_url: str = ""
    index_url: str = ""
    tika_url: str = ""
    broker_url: str = ""
    timestamp_url: str = ""
    timestamp_ca: str = ""
    patience: float = 600.0
    lease_seconds: float = 30.0
    ahead_documents: int = 4_000
    ahead_bytes: int = 2 * 1024**3
    timetable_plan: str = "P1M"
    timetable_plan_for: str = ""
    timetable_fixity: str = "P90D"
    timetable_fixity_bytes: int = 256 * 1024**3
    timetable_missing: str = "P2Y"
    access_kept: str = "P1Y"
    api_threads: int = 8
    api_rate: str = "600/minute"
    api_purpose: str = "optional"
    api_deposit_bytes: int = 4 * 1024**3
    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_algorithms: str = "RS256,ES256,PS256,EdDSA"
    oidc_keys_url: str = ""
    oidc_groups_claim: str = "groups"
    oidc_groups_from: str = "token"
    oidc_scopes: str = "search,read"
    workers: int = 0
    readers: str = "on"
    read_seconds: float = Limits().seconds
    read_memory: int = Limits().memory_bytes
    text_chars: int = Limits().text_chars
    container_depth: int = Limits().depth
    container_entries: int = Limits().entries
    container_bytes: int = Limits().expanded_bytes
    member_bytes: int = Limits().member_bytes
    container_ratio: int = Limits().ratio

    def limits(self) -> Limits:
        """What a reader may spend."""
        return Limits(
            depth=self.container_depth,
            entries=self.container_entries,
            expanded_bytes=self.container_bytes,
            member_bytes=self.member_bytes,
            ratio=self.container_ratio,
            text_chars=self.text_chars,
            seconds=self.read_seconds,
            memory_bytes=self.read_memory,
        )

    def worker_count(self) -> int:
        """Processes to start."""
        return self.workers or len(os.sched_getaffinity(0))


URLS = tuple(name for name in Settings.__struct_fields__ if name.endswith("_url"))
OUTSIDE = ("timestamp_url", "timestamp_ca", "oidc_issuer", "oidc_keys_url")
"""What is asked of others: nothing in the archive stands in for it."""

PERIODS = ("timetable_plan", "timetable_fixity", "timetable_missing", "access_kept")
_OIDC = tuple(name for name in Settings.__struct_fields__ if name.startswith("oidc_"))
_WORDS = ("workers", "readers", "api_rate", "api_purpose", "timetable_plan_for", *PERIODS, *URLS, *OUTSIDE, *_OIDC)
_POSITIVE = tuple(name for name in Settings.__struct_fields__ if name not in _WORDS)
_RATE = re.compile(r"[1-9]\d{0,8} ?/ ?(\d{1,6} ?)?(second|minute|hour|day)s?")
_PERIOD = re.compile(r"P(?=\d)(\d{1,4}Y)?(\d{1,5}M)?(\d{1,5}W|\d{1,6}D)?")


def load(home: Path, environment: Mapping[str, str] = os.environ) -> tuple[Settings, dict[str, str]]:
    """The settings in force for the archive at `home`, and where each one comes from.

    Raises:
        UsageError: a value that cannot be, or a setting that does not exist.
    """
    values: dict[str, Any] = {}
    origin = dict.fromkeys(Settings.__struct_fields__, "default")
    for name, value in _from_file(home / FILE).items():
        _known(name, f"{home / FILE}")
        values[name], origin[name] = value, str(home / FILE)
    for name in Settings.__struct_fields__:
        variable = PREFIX + name.upper()
        if variable in environment:
            values[name], origin[name] = environment[variable], variable
        elif name in URLS and (file := environment.get(variable + "_FILE")):
            values[name], origin[name] = _secret(variable + "_FILE", file), variable + "_FILE"
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"a setting cannot be used: {error}", remedy="`minutier config show` lists settings and where they come from"
        ) from error
    for name in _POSITIVE:
        if not getattr(settings, name) > 0:
            raise UsageError(f"{name} is {getattr(settings, name)!r} ({origin[name]})", remedy="write a number above 0")
    if settings.workers < 0:
        raise UsageError(f"workers is {settings.workers} ({origin['workers']})", remedy="write 0 for one a processor, or more")
    for name in URLS:
        _check_url(name, getattr(settings, name), origin[name])
    for name in PERIODS:
        value = getattr(settings, name)
        if value and (not _PERIOD.fullmatch(value) or not value.strip("P0YMWD")):
            raise UsageError(
                f"{name} is {value!r} ({origin[name]})", remedy='write a period such as P1M or P90D, or "" for never'
            )
    if not _RATE.fullmatch(settings.api_rate):
        raise UsageError(f"api_rate is {settings.api_rate!r} ({origin['api_rate']})", remedy="write a rate such as 600/minute")
    if settings.api_purpose not in ("optional", "required"):
        raise UsageError(
            f"api_purpose is {settings.api_purpose!r} ({origin['api_purpose']})", remedy='write "optional" or "required"'
        )
    if settings.readers not in ("on", "off"):
        raise UsageError(f"readers is {settings.readers!r} ({origin['readers']})", remedy='write "on" or "off"')
    if settings.oidc_issuer:
        _check_oidc(settings, origin)
    return settings, origin


_SCHEMES = {
    "objects_url": ("s3://KEY:SECRET@host/NAME", "s3", "s3+http"),
    "catalog_url": ("postgresql+psycopg://user:password@host/database", "postgresql+psycopg"),
    "index_url": ("https://user:password@host:9200/NAME", "https", "http"),
    "tika_url": ("http://host:9998", "http", "https"),
    "timestamp_url": ("https://host/path", "https", "http"),
    "oidc_keys_url": ("https://host/path", "https", "http"),
    "broker_url": ("amqp://user:password@host/ or redis://host:6379/0", "amqp", "amqps", "redis", "rediss"),
}


def _check_url(name: str, url: str, origin: str) -> None:
    example, *schemes = _SCHEMES[name]
    if url and url.partition("://")[0] not in schemes:
        raise UsageError(f"{name} ({origin}) does not begin as it must: {without_password(url)}", remedy=f"write {example}")


def _check_oidc(settings: Settings, origin: Mapping[str, str]) -> None:
    for name in ("oidc_issuer", "oidc_keys_url"):
        url = getattr(settings, name)
        if url and not is_protected(url):
            raise UsageError(
                f"{name} is {without_password(url)!r} ({origin[name]}), where keys cannot be trusted on their way",
                remedy="write https://host/path; http is for this very machine only",
            )
    if not settings.oidc_audience:
        raise UsageError(
            "oidc_issuer is set and oidc_audience is not", remedy="write what the issuer's tokens for this archive have in `aud`"
        )
    if settings.oidc_groups_from not in ("token", "userinfo") or not settings.oidc_groups_claim:
        name = "oidc_groups_from" if settings.oidc_groups_claim else "oidc_groups_claim"
        raise UsageError(
            f"{name} is {getattr(settings, name)!r} ({origin[name]})",
            remedy='oidc_groups_from is "token" or "userinfo", oidc_groups_claim the name of a claim, such as groups',
        )
    for name, read in {"oidc_algorithms": algorithms_of, "oidc_scopes": permissions_of}.items():
        try:
            read(getattr(settings, name))
        except UsageError as error:
            raise UsageError(f"{name} ({origin[name]}): {error}", remedy=error.remedy) from error


def without_password(url: str) -> str:
    """A URL as it may be shown: user and host, and `***` for what is secret."""
    return re.sub(r"(://[^:/@]*):.*@", r"\1:***@", url)


def _secret(variable: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(
            f"{variable} names {path}, which cannot be read: {why}", remedy="write the URL alone into that file"
        ) from error


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", remedy="it holds lines such as: workers = 4") from error


def _known(name: str, where: str) -> None:
    if name not in Settings.__struct_fields__:
        near = get_close_matches(name, Settings.__struct_fields__, 1)
        raise UsageError(
            f"{where} has a setting {name!r} that does not exist",
            remedy=f"did you mean {near[0]!r}?" if near else "see `minutier config show`",
        )
