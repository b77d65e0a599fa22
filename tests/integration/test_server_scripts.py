"""The scripts that start real servers: found again, crashed and started on the same data, ended only by whom they belong to."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.test_wheel import ROOT
from tests.support.own_server import _free_port
from tests.support.servers import server_url

SCRIPTS = ROOT / "dev" / "services"


class Script:
    """One of them, on one folder."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder, self.port = name, folder, _free_port()

    def __call__(self, command: str, *more: str) -> subprocess.CompletedProcess[str]:
        line = ["bash", str(SCRIPTS / f"{self.name}.sh"), command, str(self.folder), *more]
        return subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)

    def start(self) -> None:
        done = self("start", str(self.port))
        assert done.returncode == 0, done.stderr

    def pid(self) -> int | None:
        done = self("pid")
        return int(done.stdout) if done.returncode == 0 else None


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Script]:
    """The quickest to start; all scripts share what is tested here."""
    server_url("redis")
    script = Script("redis", tmp_path / "a folder" / "redis")
    yield script
    script("stop")
    script("wipe")


def client(script: Script):  # type: ignore[no-untyped-def]
    from redis import Redis

    return Redis.from_url(script("url").stdout.strip())


def test_starts_once_and_is_found_again(redis: Script) -> None:
    redis.start()
    first = redis.pid()
    redis.start()
    assert first is not None
    assert redis.pid() == first
    elsewhere = redis("start", str(_free_port()))
    assert elsewhere.returncode == 1
    assert f"on port {redis.port}: stop it first" in elsewhere.stderr


def test_two_starts_at_once_start_one(redis: Script) -> None:
    line = ["bash", str(SCRIPTS / "redis.sh"), "start", str(redis.folder), str(redis.port)]
    both = [subprocess.Popen(line, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate(timeout=60)[1].split(", process ")[0] for process in both)
    assert said == [f"redis: runs already on 127.0.0.1:{redis.port}", f"redis: runs on 127.0.0.1:{redis.port}"]


def test_goes_on_with_its_data_after_a_crash(redis: Script) -> None:
    redis.start()
    with client(redis) as connection:
        connection.set("kept", "yes")
    before = redis("url").stdout
    redis("stop")
    redis.start()
    pid = redis.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)  # by whomever, not by the script
    redis.start()
    assert redis("url").stdout == before
    with client(redis) as connection:
        assert connection.get("kept") == b"yes"


def test_is_reached_only_with_its_password(redis: Script) -> None:
    from redis import Redis
    from redis.exceptions import AuthenticationError

    redis.start()
    with Redis(port=redis.port) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()


def test_ends_no_process_that_only_has_its_number(redis: Script) -> None:
    """As after a restart of the machine: the number that was noted belongs to somebody else."""
    redis.start()
    redis("stop")
    place = Path((redis.folder / "elsewhere").read_text().strip()) if (redis.folder / "elsewhere").exists() else redis.folder
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as stranger:
        (place / "server.pid").write_text(f"{stranger.pid} 1 {Path('/proc/sys/kernel/random/boot_id').read_text().strip()}\n")
        assert redis.pid() is None
        assert "not running" in redis("stop").stderr
        assert stranger.poll() is None
        stranger.kill()


def test_a_port_that_is_taken_is_said(redis: Script) -> None:
    from socket import socket

    with socket() as other:
        other.bind(("127.0.0.1", redis.port))
        other.listen()
        done = redis("start", str(redis.port))
    assert done.returncode == 1
    assert f"port {redis.port} is taken" in done.stderr


def test_nothing_is_left_after_wiping(redis: Script) -> None:
    redis.start()
    assert redis("wipe").returncode == 1  # not while it runs
    redis("stop")
    elsewhere = redis.folder / "elsewhere"
    place = Path(elsewhere.read_text().strip()) if elsewhere.exists() else redis.folder
    assert redis("wipe").returncode == 0
    assert not place.exists()
    assert not redis.folder.exists()


@pytest.mark.parametrize("name", ["minio", "elasticsearch", "tika", "rabbitmq", "redis", "postgres"])
def test_says_how_it_is_used(name: str, tmp_path: Path) -> None:
    done = Script(name, tmp_path)("dance")
    assert done.returncode == 2
    assert "start DIR PORT" in done.stderr
