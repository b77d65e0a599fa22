"""`minutier evidence`."""

from __future__ import annotations

import sys
from io import BytesIO

import click

from archiver.cli.context import Context, pass_context
from archiver.cli.new_file import made
from archiver.cli.written_down import write_down
from archiver.domain.display import safe

_SPEAKS_AGAINST = 4


@click.command("evidence")
@click.argument("document_id", metavar="ID")
@click.option("-o", "--out", metavar="FILE", required=True, help="Where to write the signed JSON.")
@click.option("--pdf", metavar="FILE", help="Write a PDF of it too, for people.")
@click.option("--deposit", is_flag=True, help="The attestation of its deposit instead: that these bytes were accepted, and when.")
@click.option("--annex", metavar="FILE", help="Write what opens its ledger entry, for a judge. Holds the plain digest.")
@click.option("--password-file", metavar="FILE", help="Passwords for a member of an encrypted container, one a line.")
@pass_context
def command(
    context: Context, document_id: str, out: str, pdf: str | None, deposit: bool, annex: str | None, password_file: str | None
) -> None:
    """Write signed evidence of a document as it is now.

    Its bytes are read again, the store is asked for its lock, the ledger for its entry, with proof. It is written whatever was
    found, and holds no name, path or plain digest. `minutier certificate verify` checks it without this archive. Exits with 4 when
    something speaks against the document.
    """
    from archiver.bootstrap.evidence import annex_of, attestation_of, evidence_of, evidence_pdf
    from archiver.cli.run_import import read_passwords
    from retention.evidence_file import read_evidence

    passwords = read_passwords(password_file)
    with context.open_scoped() as archive:
        document = context.document(archive, document_id)
        write_down(context, archive, "viewed", document_id=document.id, about="attestation" if deposit else "evidence")
        if deposit:
            data = attestation_of(archive, document)
        else:
            data = evidence_of(archive, document, may_see_holds=context.principal.owner, passwords=passwords)
        opening = annex_of(archive, document) if annex else b""
    made(out, lambda file: file.write(data))
    if annex:
        made(annex, lambda file: file.write(opening))
    if pdf:
        made(pdf, lambda file: evidence_pdf(data, file))
    findings = read_evidence(BytesIO(data)).body.findings
    value = {"id": document.id, "file": out, "kind": "deposit" if deposit else "evidence", "findings": list(findings)}
    lines = [f"{document.id}  {'something speaks against it:' if findings else 'as it was archived'}"]
    lines += [f"  {finding}" for finding in findings]
    lines += [f"{file} is written" for file in (out, annex, pdf) if file]
    context.answer(value, map(safe, lines))
    if findings:
        sys.exit(_SPEAKS_AGAINST)
