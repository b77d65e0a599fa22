"""docker-compose.yml fits the program, keeps no secret, shows nothing but the API, and is of the form it must have."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from archiver.cli.main import COMMANDS, cli
from archiver.settings import PREFIX, Settings
from tests.packaging.test_wheel import ROOT, tracked

COMPOSE = ROOT / "docker-compose.yml"
STACK: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = STACK["services"]
SECRET = re.compile(r"\$\{([A-Z_]+):\?run make secrets\}")
REQUIRED = sorted(set(re.findall(r"\$\{([A-Z_]+):\?", COMPOSE.read_text(encoding="utf-8"))))
EACH = [pytest.param(service, id=name) for name, service in SERVICES.items()]


def ours() -> dict[str, dict[str, Any]]:
    return {name: service for name, service in SERVICES.items() if service.get("image", "").startswith("minutier:")}


def one_shot(service: dict[str, Any]) -> bool:
    return service.get("restart") == "no"


# --- as Docker reads it


def validator() -> list[str]:
    """docker compose, or docker-compose; neither needs an engine to read a file."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and not subprocess.run([*command, "version"], capture_output=True, check=False).returncode:
            return command
    why = "neither docker compose nor docker-compose is installed: dev/validators.sh installs one"
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


def checked(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if name not in REQUIRED}
    command = [*validator(), "--project-directory", str(folder), "-f", str(folder / COMPOSE.name), *arguments, "config", "-q"]
    return subprocess.run(command, cwd=folder, env=bare, capture_output=True, text=True, check=False)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What of the project matters here, without anybody's .env."""
    for path in tracked("dev") | {COMPOSE.name}:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    return tmp_path


def make_secrets(folder: Path) -> str:
    subprocess.run(["sh", "dev/secrets.sh"], cwd=folder, capture_output=True, check=True)
    return (folder / ".env").read_text(encoding="ascii")


def test_has_the_form_of_a_compose_file(clone: Path) -> None:
    make_secrets(clone)
    done = checked(clone, "--profile", "commands")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", REQUIRED)
def test_without_a_secret_it_says_what_to_do(clone: Path, name: str) -> None:
    lines = make_secrets(clone).splitlines(keepends=True)
    (clone / ".env").write_text("".join(line for line in lines if not line.startswith(f"{name}=")), encoding="ascii")
    done = checked(clone)
    assert done.returncode != 0
    assert "run make secrets" in done.stderr


# --- against the program


def test_every_variable_of_ours_is_a_setting() -> None:
    fields = {PREFIX + field.upper() for field in Settings.__struct_fields__}
    known = {"MINUTIER_HOME"} | fields | {f"{name}_FILE" for name in fields}
    used = {name for service in SERVICES.values() for name in service.get("environment", {}) if name.startswith(PREFIX)}
    assert used <= known
    assert used >= {f"MINUTIER_{part}_URL" for part in ("OBJECTS", "CATALOG", "INDEX", "TIKA", "BROKER")}


def test_every_container_of_the_program_has_all_settings() -> None:
    for name, service in ours().items():
        assert service["environment"].items() >= SERVICES["worker"]["environment"].items() - {("MINUTIER_HOME", "")}, name


def test_urls_of_the_program_are_of_the_form_it_takes() -> None:
    from archiver.adapters.index.elastic_address import address_of
    from archiver.adapters.objects.s3_address import parse_address

    given = {name: SECRET.sub("secret", url) for name, url in SERVICES["accounts"]["environment"].items()}
    assert parse_address(given["MINUTIER_OBJECTS_URL"]).host == "minio"
    assert parse_address(given["OBJECTS_ADMIN_URL"]).secret_key == "secret"
    assert address_of(given["MINUTIER_INDEX_URL"]).prefix == "minutier"
    assert address_of(given["INDEX_ADMIN_URL"]).user == "elastic"


def commands() -> Iterator[tuple[str, list[str]]]:
    """Service and words of each command of the program."""
    for name, service in ours().items():
        words = service["command"]
        if words[:2] == ["sh", "-c"]:
            yield from ((name, part.split()) for part in words[2].split(" && "))
        elif words[0] == "minutier":
            yield name, words


@pytest.mark.parametrize("words", [pytest.param(words, id=f"{name}, {words[1]}") for name, words in commands()])
def test_commands_and_their_options_exist(words: list[str]) -> None:
    program, name, *arguments = words
    assert program == "minutier"
    assert name in COMMANDS
    context = click.Context(cli, **cli.context_settings)  # a command keeps the names of its help option
    command = cli.get_command(context, name)
    assert command is not None
    command.make_context(name, list(arguments), parent=context)  # raises on an option that does not exist


def test_scripts_of_the_image_are_copied_into_it() -> None:
    text = (ROOT / "dev" / "Dockerfile").read_text(encoding="utf-8")
    for service in ours().values():
        for word in service["command"]:
            if word.startswith("/opt/minutier/share/"):
                assert f"dev/{Path(word).name} " in text


def test_the_same_servers_as_the_tests_use() -> None:
    def noted(script: str, name: str) -> str:
        found = re.search(rf"^{name}=(\S+)", (ROOT / "dev" / "services" / f"{script}.sh").read_text(encoding="utf-8"), re.M)
        assert found
        return found.group(1)

    assert SERVICES["elasticsearch"]["image"] == f"elasticsearch:{noted('elasticsearch', 'version')}"
    minio, tika = ((ROOT / "dev" / name / "Dockerfile").read_text(encoding="utf-8") for name in ("minio", "tika"))
    assert f"VERSION={noted('minio', 'version')}\n" in minio
    assert f"VERSION={noted('tika', 'version')}\n" in tika
    assert f"SHA256={noted('tika', 'sha256')}\n" in tika


# --- secrets


def test_no_secret_is_written_in_it() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASS|SECRET|TOKEN", variable):
                assert SECRET.fullmatch(str(value)), f"{name}: {variable}"
            for password in re.findall(r"://[^/@]*:([^/@]*)@", SECRET.sub(r"<\1>", str(value))):
                assert re.fullmatch("<[A-Z_]+>", password), f"{name}: {variable}"


def test_make_secrets_writes_what_is_needed_and_keeps_what_is_there(clone: Path) -> None:
    first = make_secrets(clone)
    values = dict(line.split("=", 1) for line in first.splitlines())
    assert sorted(values) == REQUIRED
    assert all(re.fullmatch(r"[A-Za-z0-9]{32}", value) for value in values.values())
    assert len(set(values.values())) == len(values)
    assert stat.S_IMODE((clone / ".env").stat().st_mode) == 0o600
    assert make_secrets(clone) == first


def test_secrets_are_not_committed() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    for name in (".env", "dev/.servers/env"):
        assert not subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT, check=False).returncode, name


# --- what is open, and what a container may do


def test_nothing_is_published_but_the_api() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"api"}
    assert SERVICES["api"]["ports"] == ["${API_ADDRESS:-127.0.0.1}:${API_PORT:-8080}:8080"]
    assert {name for name, service in SERVICES.items() if "network_mode" in service or "privileged" in service} == set()
    assert STACK["networks"]["inside"]["internal"] is True
    assert {name for name, service in SERVICES.items() if service["networks"] != ["inside"]} == {"api"}


@pytest.mark.parametrize("service", EACH)
def test_a_container_may_do_little(service: dict[str, Any]) -> None:
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "cap_add" not in service
    assert service["mem_limit"]


@pytest.mark.parametrize("service", EACH)
def test_is_watched_or_runs_once(service: dict[str, Any]) -> None:
    assert one_shot(service) or ("healthcheck" in service and service["restart"] == "unless-stopped")


@pytest.mark.parametrize("service", EACH)
def test_waits_for_what_there_is_to_wait_for(service: dict[str, Any]) -> None:
    for name, how in service.get("depends_on", {}).items():
        wanted = "service_completed_successfully" if one_shot(SERVICES[name]) else "service_healthy"
        assert how == {"condition": wanted}


# --- what it is made of


def dockerfiles() -> Iterator[Path]:
    for service in SERVICES.values():
        if build := service.get("build"):
            yield ROOT / build["dockerfile"] if isinstance(build, dict) else ROOT / build / "Dockerfile"


def test_images_have_exact_versions() -> None:
    bases = [
        line.split()[1] for path in set(dockerfiles()) for line in path.read_text("utf-8").splitlines() if line[:5] == "FROM "
    ]
    assert len(bases) >= 6
    for image in [*bases, *(service["image"] for service in SERVICES.values())]:
        assert re.search(r":v?\d[\w-]*([.-]\w+)+$", image), image


def test_images_run_as_an_ordinary_user() -> None:
    for path in set(dockerfiles()):
        users = re.findall(r"^USER (\S+)$", path.read_text(encoding="utf-8"), re.M)
        assert users, path
        assert users[-1] not in ("root", "0"), path


def test_data_lies_in_named_volumes() -> None:
    mounts = [
        mount.rsplit(":", 2 if mount.endswith(":ro") else 1)[0] for s in SERVICES.values() for mount in s.get("volumes", ())
    ]
    named = {source for source in mounts if re.fullmatch(r"\w+", source)}
    assert named == set(STACK["volumes"])
    for source in set(mounts) - named:
        path = re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", source)
        assert (ROOT / path).exists(), source
