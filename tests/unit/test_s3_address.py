"""URLs of object stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.adapters.objects.s3_address import parse_address
from archiver.errors import UsageError
from archiver.ports.objects import Bucket

SECRET = "hush/hush"


def test_all_of_a_url() -> None:
    address = parse_address("s3://KEY:hush%2Fhush@store.example:9000/archive?ca=/etc/ca.pem&region=eu-west-3")
    assert (address.host, address.port, address.secure, address.region) == ("store.example", 9000, True, "eu-west-3")
    assert (address.access_key, address.secret_key, address.ca) == ("KEY", SECRET, Path("/etc/ca.pem"))
    assert [address.bucket(bucket) for bucket in Bucket] == ["archive-locked", "archive-deletable"]
    assert address.netloc == "store.example:9000"


def test_least_of_a_url() -> None:
    address = parse_address("s3+http://KEY:S@[::1]/archive")
    assert (address.netloc, address.secure, address.port, address.ca) == ("[::1]", False, None, None)


def test_the_secret_is_not_shown() -> None:
    assert "hush" not in repr(parse_address("s3://KEY:hush@host/archive"))


@pytest.mark.parametrize(
    "url",
    [
        "", "http://K:hush@host/archive", "s3://host/archive", "s3://K@host/archive", "s3://K:hush@/archive", "s3://K:hush@host",
        "s3://K:hush@host/", "s3://K:hush@host/Archive", "s3://K:hush@host/a/b", "s3://K:hush@host/ab", "s3://K:hush@host:port/archive",
        "s3://K:hush@host/archive?color=red", "s3://K:hush@host/" + "a" * 60, "s3://K:hush@[host/archive",
    ],
)  # fmt: skip
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_address(url)
    assert "hush" not in f"{caught.value} {caught.value.remedy}"
    assert "s3://" in caught.value.remedy
