"""Where an Elasticsearch index is, from its URL."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from archiver.errors import UsageError

_FORM = "https://USER:PASSWORD@HOST:PORT/PREFIX?ca=FILE"
_PREFIX = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
_OPTIONS = frozenset({"ca", "shards", "replicas"})
_REPLICAS = re.compile(r"\d{1,2}|\d-\d|0-all")


@dataclass(frozen=True, slots=True)
class Address:
    """A cluster, who asks, and the beginning of the names of our indices. Shown without the password.

    Attributes:
        server: scheme, host and port.
        shards: primary shards of an index that is made; replicas: copies of each, or a range that follows the number of nodes.
    """

    server: str
    prefix: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca: str = ""
    shards: int = 1
    replicas: str = "0-1"

    def __str__(self) -> str:
        return f"{self.server}/{self.prefix}"

    @property
    def read(self) -> str:
        """Alias of the one index that answers."""
        return f"{self.prefix}-read"

    @property
    def write(self) -> str:
        """Alias of every index that is told of new states."""
        return f"{self.prefix}-write"


def address_of(url: str) -> Address:
    """The address a URL names.

    Raises:
        UsageError: it is not of the form `https://USER:PASSWORD@HOST:PORT/PREFIX?ca=FILE`. The message does not repeat it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 9200)
    except ValueError as error:
        raise _wrong("its port is no number") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _wrong("it names no server")
    prefix = parts.path.strip("/")
    if not _PREFIX.fullmatch(prefix):
        raise _wrong("its path is no name for indices: small letters, digits, - and _")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := options.keys() - _OPTIONS:
        raise _wrong(f"it has an option {min(unknown)!r}; there are {', '.join(sorted(_OPTIONS))}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Address(
        server=f"{parts.scheme}://{host}:{port}",
        prefix=prefix,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        ca=options.get("ca", ""),
        shards=_shards(options.get("shards", "1")),
        replicas=_replicas(options.get("replicas", "0-1")),
    )


def _shards(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise _wrong("shards is not a number from 1 to 64")
    return int(text)


def _replicas(text: str) -> str:
    if not _REPLICAS.fullmatch(text):
        raise _wrong("replicas is neither a number nor a range such as 0-1")
    return text


def _wrong(why: str) -> UsageError:
    return UsageError(f"the index's URL cannot be used: {why}", remedy=f"write index_url as {_FORM}")
