"""The real servers that tests run against: each named by a URL in the environment, as `make servers` prints them.

A server that is not named skips the test on a laptop, with the reason, and fails it in CI: there, all of them run.
"""

from __future__ import annotations

import os

import pytest

SERVERS = ("minio", "elasticsearch", "tika", "rabbitmq", "redis", "postgres")


def server_url(name: str) -> str:
    """The URL of a running server, from `MINUTIER_TEST_<NAME>`; skips, or fails in CI, when there is none."""
    assert name in SERVERS
    variable = f"MINUTIER_TEST_{name.upper()}"
    url = os.environ.get(variable, "")
    if not url:
        why = f"{variable} names no {name} server; `make servers` starts one"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return url


def under(url: str, name: str) -> str:
    """The same server for another archive: the URL's path is that name instead."""
    scheme, rest = url.split("://", 1)
    host, _, tail = rest.partition("/")
    query = tail.partition("?")[2]
    return f"{scheme}://{host}/{name}" + (f"?{query}" if query else "")
