"""What a plan is asked for must have a name: "nothing is due" would be believed of one that was mistyped."""

from __future__ import annotations

from archiver.domain.display import safe
from archiver.errors import UsageError
from archiver.ports.catalog import Catalog
from archiver.services.policies import policy_in_force
from archiver.services.purge.plan import Criteria
from retention.policy_rules import nearest


def require_known(catalog: Catalog, criteria: Criteria) -> None:
    """Is there a document, or a line in the policy, of the collection and the class?

    Raises:
        UsageError: neither.
    """
    if not criteria.collection and not criteria.retention_class:
        return
    policy, kinds = policy_in_force(catalog), catalog.kinds()
    asked = (
        ("collection", criteria.collection, {*policy.collections, *(collection for collection, _ in kinds)}),
        ("class", criteria.retention_class, {*policy.classes, *(name for _, name in kinds)}),
    )
    for what, name, known in asked:
        if name and name not in known:
            near = nearest(name, known)
            raise UsageError(
                f"no document is of the {what} {safe(name)}, and the policy has none of that name{safe(near)}",
                remedy="`minutier policy show` prints the policy in force",
            )
