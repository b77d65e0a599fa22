"""Makes the users that the program is at MinIO and Elasticsearch, with no more rights than it needs. Safe to repeat.

Reads who administers from OBJECTS_ADMIN_URL and INDEX_ADMIN_URL, and who the program will be from its own settings,
MINUTIER_OBJECTS_URL and MINUTIER_INDEX_URL. A user that exists gets the password of the URL and the rights as they are today.
Where an admin URL is not set, that server is left alone.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archiver.adapters.index.elastic_roles import grant
from archiver.adapters.objects.s3_address import S3Address, parse_address

if TYPE_CHECKING:
    import urllib3

POLICY = "minutier"
HERE = Path(__file__).parent
TEMPLATE = next(path for path in (HERE / "policy.json", HERE / "minio" / "policy.json") if path.exists())


def policy_for(prefix: str) -> dict[str, Any]:
    """The rights on the two buckets of an archive with this prefix, and on no other."""
    rights: dict[str, Any] = json.loads(TEMPLATE.read_text("utf-8").replace(":::minutier-", f":::{prefix}-"))
    return rights


def make_user_of_objects(admin: S3Address, program: S3Address) -> None:
    """The user of `program` at MinIO, with the rights on its buckets alone."""
    from minio.credentials import StaticProvider
    from minio.minioadmin import MinioAdmin

    name = POLICY if program.prefix == POLICY else f"{POLICY}-{program.prefix}"
    credentials = StaticProvider(admin.access_key, admin.secret_key)
    client = MinioAdmin(
        endpoint=admin.netloc, credentials=credentials, region=admin.region, secure=admin.secure, http_client=_pool(admin)
    )
    client.policy_add(name, policy=policy_for(program.prefix))
    client.user_add(program.access_key, program.secret_key)
    client.policy_set(name, user=program.access_key)


def _pool(address: S3Address) -> urllib3.PoolManager:
    import urllib3

    authority = {"ca_certs": str(address.ca)} if address.ca else {}
    return urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=10, read=60), retries=urllib3.Retry(3, backoff_factor=1), **authority
    )


def main() -> int:
    """Whatever the environment names an administrator for."""
    if url := os.environ.get("OBJECTS_ADMIN_URL"):
        program = parse_address(os.environ["MINUTIER_OBJECTS_URL"])
        make_user_of_objects(parse_address(url), program)
        sys.stdout.write(f"objects: the program may use {program.prefix}-locked and {program.prefix}-deletable\n")
    if url := os.environ.get("INDEX_ADMIN_URL"):
        user = grant(url, os.environ["MINUTIER_INDEX_URL"])
        sys.stdout.write(f"index: the program is {user}, and may use its own indices\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
