"""The guide to servers works: its console blocks are run on real ones, over a database, buckets and indices of their own."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.test_tutorial import ROOT, run, steps
from tests.support.on_servers import own_database, remove_buckets, remove_indices
from tests.support.own_server import _free_port
from tests.support.servers import server_url, under

GUIDE = ROOT / "docs" / "howto" / "run-with-servers.md"


@pytest.fixture
def addresses() -> Iterator[dict[str, str]]:
    """Settings of a new archive's own places on the servers."""
    name = f"t{uuid.uuid4().hex[:12]}"
    minio, elasticsearch = server_url("minio"), server_url("elasticsearch")
    with own_database(server_url("postgres"), name) as catalog:
        yield {
            "MINUTIER_OBJECTS_URL": under(minio, name),
            "MINUTIER_INDEX_URL": under(elasticsearch, name),
            "MINUTIER_CATALOG_URL": catalog,
            "MINUTIER_TIKA_URL": server_url("tika"),
            "MINUTIER_BROKER_URL": server_url("rabbitmq"),
        }
        remove_indices(elasticsearch, name)
        remove_buckets(minio, name)


def test_every_command_of_the_guide_does_what_it_shows(addresses: dict[str, str], tmp_path: Path) -> None:
    if not (Path(sys.executable).parent / "minutier").exists():
        pytest.skip("minutier is not installed beside this interpreter: `make test` installs it")
    text = GUIDE.read_text(encoding="utf-8").replace("```shell-session", "```console").replace(":9100", f":{_free_port()}")
    assert len(list(steps(text))) > 6
    page = tmp_path / GUIDE.name
    page.write_text(text, encoding="utf-8")
    written = tmp_path / "dev" / ".servers" / "minutier.env"
    written.parent.mkdir(parents=True)
    written.write_text("".join(f"export {name}='{url}'\n" for name, url in addresses.items()), encoding="utf-8")
    run(page, tmp_path)
