"""The register of persons: which name a pseudonym stands for. Kept where it can be erased, apart from everything that is for ever.

Whoever signs or decides is entered for good. Whoever only reads is entered for the month in which that was, and goes with it.
"""

from __future__ import annotations

import json
from datetime import date, datetime

from archiver.domain.persons import person_name, pseudonym
from archiver.errors import IntegrityError, UsageError
from archiver.ports.keys import Keys
from archiver.ports.objects import Bucket, ObjectStore, Put

READERS = "readers/"
_FOLDER = "people/"


def register_key(person: str, month: str = "") -> str:
    """Where the name behind a pseudonym lies; with a month (`2026-11`), behind that of whoever read in it."""
    return f"{READERS}{month}/{person}.json" if month else f"{_FOLDER}{person}.json"


def month_of(at: datetime | date) -> str:
    """The month, as readers are entered by it."""
    return f"{at:%Y-%m}"


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

    def enter(self, name: str, month: str = "") -> str:
        """Write down whom a pseudonym stands for, before anything is signed or entered under it. Safe to repeat.

        Args:
            month: of somebody who read in it; see `month_of`.

        Raises:
            UsageError: it is no name.
        """
        person = self.pseudonym(name)
        body = json.dumps({"name": person_name(name), "pseudonym": person, "v": 1}, ensure_ascii=False, sort_keys=True)
        self._objects.put([Put(Bucket.DELETABLE, register_key(person, month), body=body.encode("utf-8"))])
        return person

    def name(self, person: str, month: str = "") -> str | None:
        """The name behind a pseudonym; None when it was never entered, or erased.

        Args:
            month: in which somebody read under it; a name that is entered for good is found without.

        Raises:
            IntegrityError: what lies there is not the name of this pseudonym.
        """
        key = register_key(person, month)
        found = self._objects.versions(Bucket.DELETABLE, key)
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
            raise IntegrityError(f"{key} does not hold the name of that pseudonym", remedy="run `minutier verify`")
        return str(name)
