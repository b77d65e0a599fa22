"""`minutier certificate` as an auditor runs it: a file, a key, no archive."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from archiver.adapters.timestamps.rfc3161 import Rfc3161
from archiver.cli import main as program
from retention.annex import FORMAT, Annex, write_annex
from retention.certificate import Stamp
from tests.support.certificates import ARCHIVE, PURGE, Case, at, replace
from tests.support.command import Minutier
from tests.support.memory_keys import MemoryKeys
from tests.support.time_authority import Authority, authority_at

CASE = Case()
DATA = CASE.data()
KEY = CASE.public_key.hex()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINUTIER_HOME", str(tmp_path / "there is no archive"))
    (tmp_path / "c.json").write_bytes(DATA)
    return tmp_path


class Run:
    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        capsys.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", ["minutier", *arguments])
            with pytest.raises(SystemExit) as ended:
                program.main()
        self.code = ended.value.code if isinstance(ended.value.code, int) else 0
        self.out, self.err = capsys.readouterr()


@pytest.fixture
def run(capsys):
    return lambda *arguments: Run(capsys, *arguments)


def pem(path: Path, key: bytes) -> Path:
    path.write_bytes(Ed25519PublicKey.from_public_bytes(key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


# -- verify -----------------------------------------------------------------------------------------------------------
def test_as_a_process_of_its_own_without_archive(tmp_path):
    auditor = Minutier(tmp_path / "nothing here")
    done = auditor.run("certificate", "verify", tmp_path / "c.json", "--key", KEY)
    assert "Sound, and signed by the key that was given." in done.out
    assert not (tmp_path / "nothing here").exists()


def test_every_form_of_the_key(run, tmp_path):
    (tmp_path / "key.hex").write_text(KEY + "\n")
    (tmp_path / "key.raw").write_bytes(CASE.public_key)
    pem(tmp_path / "key.pem", CASE.public_key)
    for form in (KEY, KEY.upper(), "key.hex", "key.raw", "key.pem"):
        assert run("certificate", "verify", "c.json", "--key", form).code == 0


def test_without_a_key_the_signer_is_unknown(run):
    found = run("certificate", "verify", "c.json")
    assert found.code == 1
    assert "Consistent, signer unknown." in found.out
    assert "time and history are asserted by the operator only" in found.out


def test_json_is_one_object(run):
    found = run("certificate", "verify", "c.json", "--key", KEY, "--json")
    (told,) = [json.loads(line) for line in found.out.splitlines()]
    assert (found.code, told["sound"], told["signer_known"], told["purge"], told["archive"]) == (0, True, True, PURGE, ARCHIVE)
    assert told["classes"]["FR-ACCOUNTING"] == {
        "executed": 3, "withheld": 0, "failed": 0, "oldest": "2036-12-31", "newest": "2036-12-31",
    }  # fmt: skip
    assert told["classes"]["FR-CV"] == {"executed": 0, "withheld": 1, "failed": 1, "oldest": "", "newest": ""}
    assert told["findings"] == []


def test_the_key_of_another_archive(run):
    other = MemoryKeys("other")
    found = run("certificate", "verify", "c.json", "--key", other.public_key(other.signing_key_id()).hex())
    assert found.code == 4
    assert "it is another archive's, or was made by somebody else" in found.out


def test_everything_that_does_not_hold_is_told(run, tmp_path):
    (tmp_path / "c.json").write_bytes(DATA.replace(b'"entry":13', b'"entry":14').replace(b'"failed":1', b'"failed":0'))
    found = run("certificate", "verify", "c.json", "--key", KEY, "--json")
    told = json.loads(found.out)
    assert (found.code, told["sound"]) == (4, False)
    assert len(told["findings"]) == 3
    shown = run("certificate", "verify", "c.json", "--key", KEY)
    assert "It does not hold, 3 reasons:" in shown.out
    assert all(finding in shown.out for finding in told["findings"])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (DATA[: len(DATA) // 2], "cut off"),
        (DATA[:-20], "not a certificate as it is written"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "not a certificate of Minutier"),
        (b"\0" * 10_000_000, "not a certificate of Minutier"),
        (DATA.replace(b"certificate/1", b"certificate/7"), "format version '7'"),
        (DATA.replace(b"\n", b"\r\n"), "not a certificate of Minutier"),
    ],
)
def test_what_is_no_certificate(run, tmp_path, data, why):
    (tmp_path / "other").write_bytes(data)
    found = run("certificate", "verify", "other", "--key", KEY)
    assert found.code == 4
    assert why in found.err
    assert "→" in found.err


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("missing.json",), 2, "there is no file missing.json"),
        (("c.json", "--key", "missing.pub"), 2, "there is no file missing.pub"),
        (("c.json", "--key", "c.json"), 2, "holds no public key"),
        (("c.json", "--key", "0 " * 32), 2, "there is no file 0 0 0"),
        (("c.json", "--annex", "c.json"), 4, "not an annex"),
        (("c.json", "--annex", "missing"), 2, "there is no file missing"),
    ],
)
def test_what_is_not_there(run, arguments, code, why):
    found = run("certificate", "verify", *arguments)
    assert found.code == code
    assert why in found.err


def test_a_file_that_may_not_be_read(run, tmp_path):
    os.mkdir(tmp_path / "folder")
    found = run("certificate", "verify", "folder")
    assert found.code == 75
    assert "cannot be read" in found.err


# -- annex ------------------------------------------------------------------------------------------------------------
def annex(**changes) -> bytes:
    item = CASE.plan_items[1]
    values = {"archive": ARCHIVE, "purge": PURGE, "position": 1, "salt": item.salt.hex(), "payload": item.payload(PURGE)}
    return write_annex(Annex(FORMAT, **(values | changes)))


def test_an_annex_opens_one_item(run, tmp_path):
    (tmp_path / "a.json").write_bytes(annex())
    found = run("certificate", "verify", "c.json", "--key", KEY, "--annex", "a.json")
    assert found.code == 0
    assert f"sha256:{CASE.plan_items[1].sha256}" in found.out
    told = json.loads(run("certificate", "verify", "c.json", "--key", KEY, "--annex", "a.json", "--json").out)
    assert told["annex"]["id"] == CASE.plan_items[1].document_id


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"position": 2}, "does not open item 2"),
        ({"position": 77}, "has no item 77"),
        ({"salt": "00" * 32}, "does not open item 1"),
        ({"payload": CASE.plan_items[1].payload(PURGE).replace("1001", "1002")}, "does not open item 1"),
        ({"purge": "other"}, "of another archive or purge"),
        ({"archive": "other"}, "of another archive or purge"),
    ],
)
def test_an_annex_that_does_not_open(run, tmp_path, changes, why):
    (tmp_path / "a.json").write_bytes(annex(**changes))
    found = run("certificate", "verify", "c.json", "--key", KEY, "--annex", "a.json")
    assert found.code == 4
    assert why in found.out


def test_an_item_that_was_planned_as_another(run, tmp_path):
    """The archive itself signed an item whose commitment tells another class."""
    lying = Case(change_items=lambda items: [items[0], _as(items[1], "FR-ACCOUNTING"), *items[2:]])
    (tmp_path / "lie.json").write_bytes(lying.data())
    (tmp_path / "a.json").write_bytes(annex())
    found = run("certificate", "verify", "lie.json", "--key", KEY, "--annex", "a.json")
    assert found.code == 4
    assert "item 1 was planned as another document, class or term" in found.out


def _as(item, name):
    from msgspec.structs import replace as changed

    return changed(item, retention_class=name)


@pytest.mark.parametrize(
    "change", [(b"\n", b"\n\n"), (b"minutier-annex/1", b"minutier-annex/2"), (b'"salt"', b'"sugar"'), (b"}", b"")]
)
def test_what_is_no_annex(run, tmp_path, change):
    (tmp_path / "a.json").write_bytes(annex().replace(*change))
    assert run("certificate", "verify", "c.json", "--annex", "a.json").code == 4


# -- time-stamps --------------------------------------------------------------------------------------------------------
def test_a_real_time_stamp_on_the_head_before_the_approval(run, tmp_path):
    authority, case = Authority(tmp_path / "tsa"), Case()
    statement = case.head(case.history[: case.before], at(5)).statement
    with authority_at(authority) as url:
        token = Rfc3161(url, authority.ca).stamp(statement.encode("ascii"))
    stamp = Stamp(f"head {case.before}", base64.b64encode(token).decode("ascii"))
    (tmp_path / "stamped.json").write_bytes(replace(case, stamps=(stamp,)).data())
    known = run("certificate", "verify", "stamped.json", "--key", KEY, "--timestamp-ca", str(authority.ca))
    assert known.code == 0, known.out + known.err
    assert "an outside authority stamped the head 11" in known.out
    assert "operator only" not in known.out
    stranger = run("certificate", "verify", "stamped.json", "--key", KEY)
    assert stranger.code == 0, stranger.out
    assert "does not count here" in stranger.out
    assert "operator only" in stranger.out
    (tmp_path / "moved.json").write_bytes(replace(case, stamps=(Stamp("certificate", stamp.token),)).data())
    moved = run("certificate", "verify", "moved.json", "--key", KEY, "--timestamp-ca", str(authority.ca))
    assert moved.code == 4
    assert "is over something else" in moved.out


# -- pdf --------------------------------------------------------------------------------------------------------------
def test_a_pdf_is_written_once(run, tmp_path):
    made = run("certificate", "pdf", "c.json", "c.pdf", "--json")
    assert json.loads(made.out) == {"pdf": "c.pdf", "pages": 2}
    assert (tmp_path / "c.pdf").read_bytes().startswith(b"%PDF-")
    again = run("certificate", "pdf", "c.json", "c.pdf")
    assert again.code == 1
    assert "is there already" in again.err
    run("certificate", "pdf", "c.json", "d.pdf")
    assert (tmp_path / "d.pdf").read_bytes() == (tmp_path / "c.pdf").read_bytes()


def test_no_pdf_of_what_does_not_hold(run, tmp_path):
    (tmp_path / "c.json").write_bytes(DATA.replace(b'"failed":1', b'"failed":0'))
    found = run("certificate", "pdf", "c.json", "c.pdf")
    assert found.code == 4
    assert "no document is made of a certificate that does not hold" in found.err
    assert not (tmp_path / "c.pdf").exists()
