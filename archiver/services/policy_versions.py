"""Policies ever applied, as they are kept in the object store."""

from __future__ import annotations

import hashlib

from archiver.errors import IntegrityError
from archiver.ports.objects import Bucket, ObjectStore
from retention.policy import DEFAULT_POLICY, Policy


def policy_key(version: int) -> str:
    """Where a policy version lies in the store."""
    return f"policies/{version}.yaml"


def parsed(data: bytes, version: int, source: str) -> Policy:
    """The policy in a file. The reader is loaded only here, since most commands need none."""
    from retention.policy_file import read_policy

    return read_policy(data, version=version, source=source)


class PolicyVersions:
    """Each version, read once."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._read: dict[int, Policy] = {0: DEFAULT_POLICY}

    def of(self, version: int) -> Policy:
        """The policy of that version; 0 is the built-in one.

        Raises:
            IntegrityError: it is not in the store, or not what was stored.
        """
        if version not in self._read:
            self._read[version] = self._stored(version)
        return self._read[version]

    def _stored(self, version: int) -> Policy:
        found = self._objects.versions(Bucket.LOCKED, policy_key(version))
        if not found:
            raise IntegrityError(f"policy v{version} is not in the store any more", remedy="run `minutier verify`")
        with self._objects.open(found[0].ref) as stream:
            body = stream.read()
        if hashlib.sha256(body).hexdigest() != found[0].sha256:
            raise IntegrityError(f"{policy_key(version)} is not what was stored", remedy="run `minutier verify`")
        return parsed(body, version, policy_key(version))
