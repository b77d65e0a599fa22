"""What the program may do on a cluster it shares with others, and the user that may do just that."""

from __future__ import annotations

from typing import Any

from archiver.adapters.index.elastic_address import address_of
from archiver.adapters.index.elastic_client import connect, translated
from archiver.errors import UsageError


def roles(prefix: str) -> dict[str, dict[str, Any]]:
    """Role name -> its definition: `PREFIX-program` keeps the index, `PREFIX-reader` only searches it. Both see the health of
    the cluster and no index of anybody else."""
    names = [f"{prefix}-*"]
    return {
        f"{prefix}-program": {
            "cluster": ["monitor"],
            "indices": [{"names": names, "privileges": ["read", "write", "manage"]}],
        },
        f"{prefix}-reader": {
            "cluster": ["monitor"],
            "indices": [{"names": names, "privileges": ["read", "view_index_metadata", "monitor"]}],
        },
    }


def grant(admin_url: str, url: str, *, reader: bool = False) -> str:
    """Make the roles of the indices of `url`, and its user with its password. Safe to repeat.

    Args:
        admin_url: the same server, as somebody who may manage security; its path must be a prefix too, and is not used.
        url: as the program will be given it.

    Returns: the user's name.

    Raises:
        UsageError: `url` names no user or no password.
    """
    address, admin = address_of(url), address_of(admin_url)
    if not address.user or not address.password:
        raise UsageError("the index's URL names no user and password to be made", remedy="write https://USER:PASSWORD@HOST…")
    client = connect(admin)
    role = f"{address.prefix}-{'reader' if reader else 'program'}"
    with translated(admin), client:
        for name, definition in roles(address.prefix).items():
            client.security.put_role(name=name, **definition)
        client.security.put_user(username=address.user, password=address.password, roles=[role], full_name="Minutier")
    return address.user


def revoke(admin_url: str, url: str) -> None:
    """Delete what `grant` made. Safe to repeat."""
    address, admin = address_of(url), address_of(admin_url)
    client = connect(admin).options(ignore_status=404)
    with translated(admin), client:
        client.security.delete_user(username=address.user)
        for name in roles(address.prefix):
            client.security.delete_role(name=name)
