"""Where an S3 store is and who asks it, from its URL."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from archiver.errors import UsageError
from archiver.ports.objects import Bucket

REGION = "us-east-1"
FORM = "write s3://KEY:SECRET@host/PREFIX, or s3+http://KEY:SECRET@host:port/PREFIX where nothing is encrypted on the way"

_SECURE = {"s3": True, "s3+http": False}
_PREFIX = re.compile(r"[a-z0-9][a-z0-9.-]{1,50}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class S3Address:
    """A parsed URL. The secret is never shown.

    Attributes:
        ca: certificate authority of a store that uses its own; None for those the system trusts.
    """

    host: str
    port: int | None
    secure: bool
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    prefix: str
    region: str = REGION
    ca: Path | None = None

    @property
    def netloc(self) -> str:
        """Host and port, as they are signed and shown."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port is None else f"{name}:{self.port}"

    def bucket(self, bucket: Bucket) -> str:
        """The name of a bucket."""
        return f"{self.prefix}-{bucket.value}"


def parse_address(url: str) -> S3Address:
    """The address a URL means.

    Raises:
        UsageError: it is not of the form it must have. The message does not repeat it: it may hold a secret.
    """
    parts = _split(url)
    given = parse_qs(parts.query, keep_blank_values=True)
    if unknown := given.keys() - {"ca", "region"}:
        raise _bad(f"it says {', '.join(sorted(unknown))!s}, and only ca and region can be said")
    prefix = parts.path.strip("/")
    if not _PREFIX.fullmatch(prefix):
        raise _bad("its prefix is 3 to 52 small letters, digits, dots and hyphens, as names of buckets are")
    if not (parts.hostname and parts.username and parts.password):
        raise _bad("key, secret or host is missing")
    return S3Address(
        host=parts.hostname,
        port=parts.port,
        secure=_SECURE[parts.scheme],
        access_key=unquote(parts.username),
        secret_key=unquote(parts.password),
        prefix=prefix,
        region=given.get("region", [REGION])[0],
        ca=Path(given["ca"][0]) if "ca" in given else None,
    )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise _bad("host or port can't be read") from error
    if parts.scheme not in _SECURE:
        raise _bad("it begins with neither s3:// nor s3+http://")
    return parts


def _bad(why: str) -> UsageError:
    return UsageError(f"objects_url can't be used: {why}", remedy=FORM)
