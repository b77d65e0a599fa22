"""What versions there are. Every key has one version: any other was put, or hidden, by somebody else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, islice
from urllib.parse import unquote_plus

from archiver.adapters.objects import s3_facts, s3_xml
from archiver.adapters.objects.s3_facts import CHECKED
from archiver.adapters.objects.s3_times import is_intake
from archiver.adapters.objects.s3_wire import Call, S3Wire, version_query
from archiver.adapters.objects.s3_xml import Listed
from archiver.adapters.objects.spread import Spread
from archiver.errors import NotFoundError
from archiver.ports.objects import Bucket, Lock, ObjectInfo, ObjectRef

_AT_ONCE = 128


class S3Listing:
    """Looks at one store. An `ObjectInfo` whose `sha256` is "" is not what was once confirmed."""

    def __init__(self, wire: S3Wire, spread: Spread) -> None:
        self._wire, self._spread = wire, spread

    def head(self, ref: ObjectRef) -> ObjectInfo:
        """What the store says of a version: one request. Raises NotFoundError."""
        answer = self._wire.send(Call("looking up", "HEAD", ref.bucket, ref.key, (version_query(ref),), (CHECKED,)))
        return s3_facts.info(ref, answer.headers)

    def versions(self, bucket: Bucket, key: str) -> list[ObjectInfo]:
        """Every version of a key, oldest first, delete markers among them."""
        listed = self._pages(bucket, key, size=10)
        found = list(_until_another(listed, key))
        return self._seen(bucket, key, found)

    def below(self, bucket: Bucket, prefix: str, wanted: Callable[[str, Listed], bool] | None = None) -> Iterator[ObjectInfo]:
        """Every version below a prefix, lazily: one request for each besides those of the listing.

        Args:
            wanted: of a key and what the listing says; versions that are not are left out unasked; by default none are.
        """
        for page in _slices(self._keys(bucket, prefix), _AT_ONCE):
            asked = [(key, found) for key, found in page if wanted is None or any(wanted(key, one) for one in found)]
            for infos in self._spread.each(lambda pair: self._seen(bucket, *pair), asked):
                yield from infos

    def unconfirmed(self, prefix: str) -> Iterator[ObjectInfo]:
        """What has the lock of an arrival. A listing that tells locks, as MinIO's does, spares a request for each of the others."""
        return (info for info in self.below(Bucket.LOCKED, prefix, _may_be_intake) if info.intake)

    def _keys(self, bucket: Bucket, prefix: str) -> Iterator[tuple[str, list[Listed]]]:
        """Keys with their versions, oldest first."""
        for key, found in groupby(self._pages(bucket, prefix), lambda one: one.key):
            yield unquote_plus(key), list(found)[::-1]

    def _seen(self, bucket: Bucket, key: str, found: Sequence[Listed]) -> list[ObjectInfo]:
        infos = (self._look(ObjectRef(bucket, key, one.version), one) for one in found)
        return [info if place == 0 else replace(info, sha256="", intake=False) for place, info in enumerate(infos) if info]

    def _look(self, ref: ObjectRef, listed: Listed) -> ObjectInfo | None:
        """None when it has gone since it was listed."""
        if listed.marker:
            return ObjectInfo(ref, 0, "", Lock())
        try:
            return self.head(ref)
        except NotFoundError:
            return None

    def _pages(self, bucket: Bucket, prefix: str, size: int = 1000) -> Iterator[Listed]:
        after: tuple[str, str] | None = ("", "")
        while after is not None:
            page = s3_xml.page(self._wire.send(_call(bucket, prefix, size, after)).data)
            yield from page.versions
            after = page.after


def _call(bucket: Bucket, prefix: str, size: int, after: tuple[str, str]) -> Call:
    query = [("encoding-type", "url"), ("max-keys", str(size)), ("metadata", "true"), ("prefix", prefix), ("versions", "")]
    if after[0]:
        query.append(("key-marker", unquote_plus(after[0])))
    if after[1]:
        query.append(("version-id-marker", after[1]))
    return Call("listing", "GET", bucket, query=tuple(query))


def _until_another(listed: Iterable[Listed], key: str) -> Iterator[Listed]:
    """The versions of `key` alone, oldest first: keys that only begin with it come after it."""
    found = []
    for one in listed:
        if unquote_plus(one.key) != key:
            break
        found.append(one)
    return reversed(found)


def _may_be_intake(key: str, listed: Listed) -> bool:
    return not listed.facts or is_intake(key, s3_facts.lock_of(listed.facts))


def _slices(keys: Iterator[tuple[str, list[Listed]]], size: int) -> Iterator[list[tuple[str, list[Listed]]]]:
    while page := list(islice(keys, size)):
        yield page
