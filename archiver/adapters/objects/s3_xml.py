"""The few XML bodies of the S3 protocol that are used, written and read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree

from archiver.adapters.objects.s3_times import written
from archiver.ports.objects import Lock

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_LISTED = ("Version", "DeleteMarker")


@dataclass(frozen=True, slots=True)
class Listed:
    """One version in a listing, as the store wrote it.

    Attributes:
        key: still URL-encoded.
        facts: what some stores add unasked or when asked nicely: names in small letters, lock included; empty with the others.
    """

    key: str
    version: str
    size: int
    marker: bool
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a listing; `after` is where the next one begins, None at the end."""

    versions: Sequence[Listed]
    after: tuple[str, str] | None


def retention(lock: Lock) -> bytes:
    """A retention to set; with mode NONE one that takes it away."""
    if lock.until is None:
        return f'<Retention xmlns="{_NAMESPACE}"></Retention>'.encode()
    inside = f"<Mode>{lock.mode.value.upper()}</Mode><RetainUntilDate>{written(lock.until)}</RetainUntilDate>"
    return f'<Retention xmlns="{_NAMESPACE}">{inside}</Retention>'.encode()


def hold(on: bool) -> bytes:
    """A legal hold to set."""
    return f'<LegalHold xmlns="{_NAMESPACE}"><Status>{"ON" if on else "OFF"}</Status></LegalHold>'.encode()


def parts(numbered: Sequence[tuple[str, str]]) -> bytes:
    """The parts of a multipart upload, each with its ETag and the SHA-256 in base64."""
    inside = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag><ChecksumSHA256>{checksum}</ChecksumSHA256></Part>"
        for number, (etag, checksum) in enumerate(numbered, 1)
    )
    return f'<CompleteMultipartUpload xmlns="{_NAMESPACE}">{inside}</CompleteMultipartUpload>'.encode()


def error(body: bytes) -> tuple[str, str]:
    """Code and message of an error; "" for what is not said, or not in XML: a proxy may have answered."""
    try:
        root = ElementTree.fromstring(body)  # noqa: S314  # expat of this Python limits entity expansion
    except ElementTree.ParseError:
        return "", body[:200].decode("utf-8", "replace") if body else ""
    return _text(root, "Code"), _text(root, "Message")


def failed_late(body: bytes) -> bool:
    """Some long calls answer 200 and then an error in the body."""
    return b"<Error>" in body[:1024]


def value(body: bytes, name: str) -> str:
    """The text of the first element of this name, or ""."""
    root = ElementTree.fromstring(body)  # noqa: S314  # see above
    return next((each.text or "" for each in root.iter() if _name(each) == name), "")


def uploads(body: bytes) -> list[tuple[str, str, str]]:
    """Key, id and time of each multipart upload in progress."""
    root = ElementTree.fromstring(body)  # noqa: S314  # see above
    found = (each for each in root if _name(each) == "Upload")
    return [(_text(each, "Key"), _text(each, "UploadId"), _text(each, "Initiated")) for each in found]


def page(body: bytes) -> Page:
    """A page of a listing of versions, newest first under each key."""
    root = ElementTree.fromstring(body)  # noqa: S314  # see above
    found = list(_versions(root))
    if _text(root, "IsTruncated") != "true":
        return Page(found, None)
    return Page(found, (_text(root, "NextKeyMarker"), _text(root, "NextVersionIdMarker")))


def _versions(root: ElementTree.Element) -> Iterator[Listed]:
    for each in root:
        if _name(each) in _LISTED:
            facts = next((inner for inner in each if _name(inner) == "UserMetadata"), ())
            yield Listed(
                _text(each, "Key"),
                _text(each, "VersionId"),
                int(_text(each, "Size") or 0),
                _name(each) == "DeleteMarker",
                {_name(fact).lower(): fact.text or "" for fact in facts},
            )


def _text(parent: ElementTree.Element, name: str) -> str:
    return next((each.text or "" for each in parent if _name(each) == name), "")


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
