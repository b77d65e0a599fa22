"""The policy in force at each moment, read anew only when another came into force."""

from __future__ import annotations

from archiver.ports.catalog import Catalog
from archiver.services.policies import policy_in_force, version_in_force
from retention.policy import Policy


class PolicyNow:
    """Asked within the retention turn it gives the policy that every other judgement of that turn is made by."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._policy: Policy | None = None

    def __call__(self) -> Policy:
        if self._policy is None or version_in_force(self._catalog) != self._policy.version:
            self._policy = policy_in_force(self._catalog)
        return self._policy
