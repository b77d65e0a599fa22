"""The users that a deployment gives the program at MinIO and Elasticsearch can do the program's work there, and no more."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from archiver.adapters.index.elastic import ElasticsearchIndex
from archiver.adapters.index.elastic_address import address_of
from archiver.adapters.index.elastic_client import connect
from archiver.adapters.index.elastic_roles import revoke
from archiver.adapters.objects.s3 import create_buckets
from archiver.adapters.objects.s3_address import parse_address
from archiver.errors import NotPermittedError
from tests.support.s3_buckets import remove_buckets
from tests.support.servers import server_url

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Given:
    """Who administers, and who the program will be."""

    objects_admin: str
    objects: str
    index_admin: str
    index: str

    def make(self) -> str:
        variables = {
            "OBJECTS_ADMIN_URL": self.objects_admin,
            "MINUTIER_OBJECTS_URL": self.objects,
            "INDEX_ADMIN_URL": self.index_admin,
            "MINUTIER_INDEX_URL": self.index,
        }
        command = [sys.executable, "-W", "error", "dev/accounts.py"]
        environment = os.environ | variables | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


def as_user(url: str, user: str, password: str, prefix: str) -> str:
    scheme, rest = url.split("://", 1)
    host = rest.split("@", 1)[1].split("/", 1)[0]
    return f"{scheme}://{user}:{password}@{host}/{prefix}"


@pytest.fixture
def given(tmp_path: Path) -> Iterator[Given]:
    admin, index_admin, prefix = server_url("minio"), server_url("elasticsearch"), f"acc-{uuid.uuid4().hex[:12]}"
    objects = as_user(admin, prefix, "first-password-1", prefix)
    one = Given(admin, objects, index_admin, as_user(index_admin, prefix, "first-password-1", prefix))
    yield one
    remove_buckets(as_user(admin, parse_address(admin).access_key, parse_address(admin).secret_key, prefix), tmp_path)
    remove_user(admin, prefix)
    index = ElasticsearchIndex(
        as_user(index_admin, address_of(index_admin).user, address_of(index_admin).password, prefix), writable=True
    )
    index.discard()
    index.close()
    revoke(index_admin, one.index)


def create_index(url: str) -> None:
    index = ElasticsearchIndex(url, writable=True)
    try:
        index.commit(0)
    finally:
        index.close()


def remove_user(admin: str, prefix: str) -> None:
    from minio.credentials import StaticProvider
    from minio.minioadmin import MinioAdmin

    who = parse_address(admin)
    client = MinioAdmin(endpoint=who.netloc, credentials=StaticProvider(who.access_key, who.secret_key), secure=who.secure)
    client.user_remove(prefix)
    client.policy_remove(f"minutier-{prefix}")


def test_they_can_do_the_work_of_the_program_and_no_more(given: Given) -> None:
    said = given.make()
    assert "first-password" not in said
    create_buckets(given.objects)
    create_index(given.index)
    with pytest.raises(NotPermittedError):
        create_buckets(given.objects + "-of-others")
    with pytest.raises(NotPermittedError):
        create_index(given.index.rsplit("/", 1)[0] + "/of-others")
    with connect(address_of(given.index)) as client:
        assert client.options(ignore_status=403).security.get_user(username="elastic").meta.status == 403


def test_made_again_with_another_password_they_have_that(given: Given) -> None:
    given.make()
    changed = Given(
        *(url.replace("first-", "second-") for url in (given.objects_admin, given.objects, given.index_admin, given.index))
    )
    changed.make()
    create_buckets(changed.objects)
    create_index(changed.index)
    with pytest.raises(NotPermittedError):
        create_buckets(given.objects)
