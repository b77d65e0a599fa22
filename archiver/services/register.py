"""The register of persons: which name a pseudonym stands for. Kept where it can be erased, apart from everything that is for ever."""

from __future__ import annotations

import json

from archiver.domain.persons import person_name, pseudonym
from archiver.errors import IntegrityError, UsageError
from archiver.ports.keys import Keys
from archiver.ports.objects import Bucket, ObjectStore, Put

_FOLDER = "people/"


def register_key(person: str) -> str:
    """Where the name behind a pseudonym lies."""
    return f"{_FOLDER}{person}.json"


class Register:
    """Names and pseudonyms of one archive."""

    def __init__(self, objects: ObjectStore, keys: Keys) -> None:
        self._objects, self._keys = objects, keys

    def pseudonym(self, name: str) -> str:
        """The pseudonym of a name, nothing written.

        Raises:
            UsageError: it is no name.
        """
        return pseudonym(self._keys.identifier_key(), name)

    def enter(self, name: str) -> str:
        """Write down whom a pseudonym stands for, before anything is signed or entered under it. Safe to repeat.

        Raises:
            UsageError: it is no name.
        """
        person = self.pseudonym(name)
        body = json.dumps({"name": person_name(name), "pseudonym": person, "v": 1}, ensure_ascii=False, sort_keys=True)
        self._objects.put([Put(Bucket.DELETABLE, register_key(person), body=body.encode("utf-8"))])
        return person

    def name(self, person: str) -> str | None:
        """The name behind a pseudonym; None when it was never entered, or erased.

        Raises:
            IntegrityError: what lies there is not the name of this pseudonym.
        """
        found = self._objects.versions(Bucket.DELETABLE, register_key(person))
        if not found:
            return None
        with self._objects.open(found[0].ref) as stream:
            body = stream.read()
        try:
            name = json.loads(body)["name"]
            holds = isinstance(name, str) and self.pseudonym(name) == person
        except (ValueError, KeyError, TypeError, UsageError):
            holds = False
        if not holds:
            raise IntegrityError(
                f"{register_key(person)} does not hold the name of that pseudonym", remedy="run `minutier verify`"
            )
        return str(name)
