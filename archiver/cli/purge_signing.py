"""Who signs, for how long, and with whose visa, as it was given on the command line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.cli.context import Context
from archiver.domain.display import safe
from archiver.errors import NotPermittedError, UsageError

if TYPE_CHECKING:
    from archiver.adapters.keys.personal import PersonalKey
    from archiver.bootstrap import Archive
    from archiver.services.purge.approval import Visa


def opened(context: Context, archive: Archive, file: str | None, passphrase_file: str | None) -> PersonalKey | None:
    """The personal key in a file, enrolled and not revoked."""
    if file is None:
        return None
    from archiver.adapters.keys.personal import PersonalKey
    from archiver.cli.key import passphrase

    key = PersonalKey.load(Path(file), lambda: passphrase(passphrase_file))
    if key.exposed:
        context.note(safe(f"warning: {key.exposed}"))
    signer = archive.catalog.signer(key.key_id)
    if signer.revoked_at is not None:
        raise NotPermittedError(
            f"the key {key.key_id} of {signer.person} was revoked on {signer.revoked_at:%Y-%m-%d}", remedy="sign with another key"
        )
    return key


def pseudonym_of(archive: Archive, name: str) -> str:
    """The name, entered in the register."""
    from archiver.services.register import Register

    return Register(archive.objects, archive.keys).enter(name)


def visa_of(authority: str | None, reference: str | None, day: str | None) -> Visa | None:
    """The visa of an authority; None when none was given."""
    from archiver.services.purge.approval import Visa

    given = (authority, reference, day)
    if not any(given):
        return None
    if authority is None or reference is None or day is None:
        raise UsageError("a visa has three parts", remedy="give --visa-authority, --visa-reference and --visa-date")
    return Visa(authority, reference, day_of(day).isoformat())


def day_of(text: str) -> date:
    """A day as it was written."""
    from retention.days import declared_day

    return declared_day(text, "UTC")


def lasting(text: str, now: datetime) -> timedelta:
    """How long a period is, from now on."""
    from retention.period import Period

    start = now.astimezone(UTC).date()
    end = Period.parse(text).after(start)
    if end is None:
        raise UsageError(f"{text} is no time an approval can last", remedy="write --expires P7D")
    return end - start
