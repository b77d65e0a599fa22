"""A mail is parsed once for its walker and its reader, and not kept after that."""

from __future__ import annotations

import os
from pathlib import Path

from archiver.adapters.extraction import mail_message
from archiver.adapters.extraction.engine import run
from archiver.adapters.extraction.mail_message import forget, message
from archiver.adapters.extraction.source import Source
from archiver.domain.extraction import Limits
from tests.support.archives import found, task

MAIL = (
    b"From: a@b.fr\nSubject: Bail\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"
    b"--x\nContent-Type: text/plain\n\nBonjour\n--x\nContent-Type: text/plain\n"
    b"Content-Disposition: attachment; filename=a.txt\n\njoint\n--x--\n"
)


def test_once_for_walker_and_reader(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "m.eml"
    path.write_bytes(MAIL)
    parses = []
    real = mail_message.email.message_from_binary_file
    monkeypatch.setattr(
        mail_message.email, "message_from_binary_file", lambda *args, **more: parses.append(1) or real(*args, **more)
    )
    results = found(list(run(task(path), Limits())))
    assert [result.extraction.text.strip() for result in results] == ["joint", "Bail\nFrom: a@b.fr\n\nBonjour\n\na.txt"]
    assert parses == [1]
    assert mail_message._message.cache_info().currsize == 0


def test_other_bytes_are_another_message(tmp_path: Path) -> None:
    path = tmp_path / "m.eml"
    for subject in (b"un", b"six"):
        path.write_bytes(b"Subject: " + subject + b"\n\n")
        os.utime(path, ns=(0, 0))
        assert message(Source(path, path.name, 1, "message/rfc822"))["Subject"] == subject.decode()
    forget()
