"""`minutier key create`, `rotate`, and what `list` and `revoke` say of API keys: what programs call with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from archiver.cli.context import Context, pass_context
from archiver.domain.display import safe

if TYPE_CHECKING:
    from datetime import datetime

    from archiver.bootstrap import Archive
    from archiver.ports.caller_rows import ApiKey
    from archiver.services.api_keys import ApiKeys, Made


@click.command("create")
@click.option("--name", metavar="NAME", required=True, help="Of the program that calls, such as erp. One living key each.")
@click.option("--groups", metavar="GROUP,…", default="", help="What it sees, and where it may deposit, with commas between.")
@click.option(
    "--scopes",
    metavar="SCOPE,…",
    required=True,
    help="What it may do: search, read, deposit, hold, event, purge.plan, purge.approve, admin.",
)
@click.option("--expires", metavar="PERIOD", required=True, help="How long it is good, such as P1Y; at most P2Y.")
@click.option("--purpose", metavar="WORDS", default="", help="Why it reads, kept with every access; else each call says so.")
@click.option("--long-lived", is_flag=True, help="Let --expires be longer than P2Y.")
@pass_context
def create(context: Context, name: str, groups: str, scopes: str, expires: str, purpose: str, long_lived: bool) -> None:
    """Make an API key for a program. The token is shown once, here, and is kept nowhere."""
    from archiver.domain.caller import permissions_of
    from archiver.services.api_keys import Order
    from retention.period import Period

    order = Order(name, words_of(groups), permissions_of(scopes), Period.parse(expires), purpose, long_lived)
    with context.open(writable=True, always=True) as archive:
        made = api_keys(archive).create(order, by=context.principal.name)
        archive.enter_if_free()
    if not order.groups:
        context.note("It has no groups: it sees nothing, and may deposit nowhere.")
    _show(context, made, [f"API key {made.key.id} for {made.key.name}, good until {made.key.expires_at:%Y-%m-%d}"])


@click.command("rotate")
@click.argument("key_id", metavar="KEYID")
@click.option(
    "--overlap", metavar="PERIOD", default="P7D", show_default=True, help="How long the old key stays good; P0D: not at all."
)
@click.option("--expires", metavar="PERIOD", help="How long the new key is good.  [default: as long as the old one was]")
@pass_context
def rotate(context: Context, key_id: str, overlap: str, expires: str | None) -> None:
    """Make a new API key in this one's place, for the same groups and scopes. Its token is shown once, here."""
    from retention.period import Period

    with context.open(writable=True, always=True) as archive:
        service = api_keys(archive)
        made = service.rotate(
            key_id,
            by=context.principal.name,
            overlap=Period.parse(overlap),
            expires=Period.parse(expires) if expires else None,
        )
        old = service.key(key_id)
        archive.enter_if_free()
    lines = [
        f"API key {made.key.id} for {made.key.name}, good until {made.key.expires_at:%Y-%m-%d}",
        f"  {old.id}, which it replaces, stays good until {old.expires_at:%Y-%m-%d %H:%M} UTC",
    ]
    _show(context, made, lines, {"replaces": old.id, "old_until": old.expires_at.isoformat()})


def api_keys(archive: Archive) -> ApiKeys:
    """The API keys of an open archive."""
    from archiver.adapters.catalog.caller_rows import SqlCallerRows
    from archiver.services.api_keys import ApiKeys
    from archiver.services.register import Register

    rows, register = SqlCallerRows(archive.catalog.engine), Register(archive.objects, archive.keys)
    return ApiKeys(rows, register, archive.keys, archive.clock)


def is_api_key(key_id: str) -> bool:
    """Whether an id has the length of an API key's; that of a person's key is longer."""
    from archiver.domain.api_key import ID_BYTES

    return len(key_id) == 2 * ID_BYTES


def words_of(written: str) -> list[str]:
    """Words with commas between."""
    return [word.strip() for word in written.split(",") if word.strip()]


def value_of(key: ApiKey) -> dict[str, Any]:
    """All that may be shown of a key."""
    return {
        "key": key.id,
        "kind": "api",
        "name": key.name,
        "groups": sorted(key.groups),
        "scopes": sorted(key.permissions),
        "purpose": key.purpose,
        "created_at": key.created_at.isoformat(),
        "created_by": key.created_by,
        "expires_at": key.expires_at.isoformat(),
        "last_used_at": _moment(key.last_used_at),
        "rotated_to": key.rotated_to or None,
        "revoked_at": _moment(key.revoked_at),
        "revoked_reason": key.revoked_reason or None,
    }


def line_of(key: ApiKey, now: datetime) -> str:
    """The key on one line."""
    used = f"last used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
    may = f"{','.join(sorted(key.permissions))} for {','.join(sorted(key.groups)) or 'no group'}"
    return f"{key.id}  {key.name}  API key: {may}  {_state(key, now)}  {used}"


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    ends = f"until {key.expires_at:%Y-%m-%d}" if key.valid_at(now) else f"expired {key.expires_at:%Y-%m-%d}"
    return f"{ends}, rotated to {key.rotated_to}" if key.rotated_to else ends


def _show(context: Context, made: Made, lines: list[str], more: dict[str, str] | None = None) -> None:
    shown = [
        *lines,
        f"  {made.token}",
        "  It is shown this once: give it to the program now, as `Authorization: Bearer` and the token.",
    ]
    context.answer(value_of(made.key) | {"token": made.token} | (more or {}), [safe(line) for line in shown])


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
