"""`minutier purge`: plan, show, approve, run, and prove destruction."""

from __future__ import annotations

from pathlib import Path

import click

from archiver.cli.context import Context, pass_context
from archiver.domain.display import safe
from archiver.errors import UsageError

_KEY = click.option("--key", "key_file", metavar="FILE", help="Sign with this personally enrolled key.")
_PASSPHRASE = click.option("--passphrase-file", metavar="PATH", help="Where the key's passphrase is; else it is asked for.")


@click.group("purge")
def command() -> None:
    """Destroy what is due: by a plan, approved by somebody else, with a certificate."""


@command.command("plan")
@click.option("--collection", default="", help="Only of this collection.")
@click.option("--class", "retention_class", default="", help="Only of this retention class.")
@click.option("--before", metavar="DAY", help="Only what was to be kept until a day before this one.")
@click.option("--id", "name", default="", metavar="NAME", help="What to call this purge; made up when left out.")
@_KEY
@_PASSPHRASE
@pass_context
def plan(
    context: Context,
    name: str,
    collection: str,
    retention_class: str,
    before: str | None,
    key_file: str | None,
    passphrase_file: str | None,
) -> None:
    """List everything that is due, judged one by one, and freeze the list. Destroys nothing.

    With --key the plan is signed by its author. Exit code 0 also when nothing is due.
    """
    from archiver.bootstrap.purging import PLANNING, Purging
    from archiver.cli.purge_answers import answer, nothing_lines
    from archiver.cli.purge_signing import day_of, opened, pseudonym_of
    from archiver.services.purge.known_names import require_known
    from archiver.services.purge.plan import Criteria, Progress
    from archiver.services.purge.signatory import Signatory

    progress = Progress()

    def tick(now: Progress) -> None:
        nonlocal progress
        progress = now

    criteria = Criteria(collection, retention_class, day_of(before) if before else None)
    with context.open(writable=True, beside=True) as archive, archive.catalog.exclusive(PLANNING):
        key = opened(context, archive, key_file, passphrase_file)
        person = archive.catalog.signer(key.key_id).person if key else context.principal.name
        author = Signatory(person, pseudonym_of(archive, person), key)
        made = Purging(archive).planning(tick).make(criteria, author, archive.clock.now(), name=name)
        archive.ledger.sequence()
        if made is None:
            if not progress.why:
                require_known(archive.catalog, criteria)
            context.answer({"purge": None, "documents": 0, "withheld": dict(progress.why)}, nothing_lines(progress.why))
            return
        answer(context, archive, made)
        context.note(safe(f"Somebody else approves it: minutier purge approve {made.id} --key FILE"))


@command.command("list")
@pass_context
def list_(context: Context) -> None:
    """All purges, newest first."""
    from archiver.cli.purge_answers import line_of, value_of

    with context.open() as archive:
        for purge in archive.catalog.purges():
            context.answer(value_of(purge), [safe(line_of(purge))])


@command.command("show")
@click.argument("purge_id", metavar="PURGE")
@click.option("--items", is_flag=True, help="List every item, and what became of it.")
@click.option("--withheld", is_flag=True, help="List what was past its last day and not planned, with the reasons.")
@click.option("--save", metavar="FILE", type=click.Path(path_type=Path), help="Write the plan to a file, for who approves.")
@pass_context
def show(context: Context, purge_id: str, items: bool, withheld: bool, save: Path | None) -> None:
    """What a plan would destroy, what it withholds and why, and how far it is."""
    from archiver.cli.purge_answers import answer, item_line, withheld_told
    from archiver.services.pages import pages
    from archiver.services.purge.account import told_of
    from archiver.services.purge.paper import save_plan

    with context.open() as archive:
        purge = archive.catalog.purge(purge_id)
        if save:
            save_plan(save, purge, archive.catalog.items(purge.id))
            context.note(safe(f"The plan is in {save}"))
        if items:
            for one in archive.catalog.items(purge.id):
                context.answer(told_of(one), [safe(item_line(one))])
        elif withheld:
            for page in pages(archive.catalog.withheld(purge.id), 500):
                held = archive.catalog.holds_on([kept.document_id for kept in page])
                for kept in page:
                    value, line = withheld_told(kept, held.get(kept.document_id, []))
                    context.answer(value, [safe(line)])
        else:
            answer(context, archive, purge)


@command.command("approve")
@click.argument("purge_id", metavar="PURGE")
@_KEY
@_PASSPHRASE
@click.option("--by", metavar="PERSON", help="Who approves, without a key: asserted only, and never enough for a legal minimum.")
@click.option("--expires", default="P7D", show_default=True, metavar="PERIOD", help="How long the approval lasts.")
@click.option("--empties", multiple=True, metavar="CLASS", help="Yes, no document of this class will be left.")
@click.option("--visa-authority", metavar="NAME", help="The authority whose visa was given, where a class wants one.")
@click.option("--visa-reference", metavar="TEXT", help="Its reference.")
@click.option("--visa-date", metavar="DAY", help="Its date.")
@click.option(
    "--plan", "plan_file", metavar="FILE", type=click.Path(path_type=Path), help="The plan you read: it must be this one."
)
@pass_context
def approve(
    context: Context,
    purge_id: str,
    key_file: str | None,
    passphrase_file: str | None,
    by: str | None,
    expires: str,
    empties: tuple[str, ...],
    visa_authority: str | None,
    visa_reference: str | None,
    visa_date: str | None,
    plan_file: Path | None,
) -> None:
    """Approve a plan that somebody else made: exactly this one, for a limited time.

    Exit code 12 for its author, and for an approval without a key where the law asks to keep; 5 when the plan would empty
    a class that was not named.
    """
    from archiver.bootstrap.purging import Purging
    from archiver.cli.purge_answers import answer
    from archiver.cli.purge_signing import lasting, opened, pseudonym_of, visa_of
    from archiver.services.purge.paper import require_same_plan
    from archiver.services.purge.signatory import Signatory

    if bool(key_file) == bool(by):
        raise UsageError("who approves?", remedy="--key FILE signs with an enrolled key; --by PERSON only asserts it")
    visa = visa_of(visa_authority, visa_reference, visa_date)
    with context.open(writable=True, beside=True) as archive:
        purge = archive.catalog.purge(purge_id)
        if plan_file:
            require_same_plan(plan_file, purge)
        key = opened(context, archive, key_file, passphrase_file)
        name = archive.catalog.signer(key.key_id).person if key else str(by)
        approver = Signatory(name, pseudonym_of(archive, name), key)
        service, now = Purging(archive).approving(), archive.clock.now()
        approved = service.approve(purge, approver, now, lasts=lasting(expires, now), empties=empties, visa=visa)
        archive.ledger.sequence()
        archive.ledger.seal()
        answer(context, archive, approved)
        context.note(safe(f"It can be run: minutier purge run {approved.id}"))


@command.command("run")
@click.argument("purge_id", metavar="PURGE")
@click.option(
    "--rewrite/--no-rewrite",
    default=True,
    show_default=True,
    help="Write the catalogue's files anew afterwards, so that they lose what deleted rows left. On a server this keeps "
    "everybody out of a table while it is written.",
)
@click.option("--accept-failures", is_flag=True, help="Certify it although something could not be destroyed; it is listed.")
@pass_context
def run(context: Context, purge_id: str, rewrite: bool, accept_failures: bool) -> None:
    """Destroy what an approved plan says, judging each document once more at the last moment.

    Stopped or killed, it is run again and goes on where it was. Exit code 3 when something could not be destroyed.
    """
    from archiver.bootstrap.purging import Purging
    from archiver.cli.run_purge import run_purge

    with context.open(writable=True, beside=True) as archive, archive.catalog.exclusive(f"purge {purge_id}"):
        run_purge(context, archive, Purging(archive), archive.catalog.purge(purge_id), rewrite, accept_failures)


@command.command("certificate")
@click.argument("purge_id", metavar="PURGE")
@click.option(
    "--out", metavar="FILE", type=click.Path(path_type=Path), help="Write the signed JSON here; default: to standard output."
)
@click.option("--pdf", metavar="FILE", type=click.Path(path_type=Path), help="Write a PDF of it, for people.")
@click.option("--annex", metavar="ID", help="Open the item of one document, for a judge: written instead of the certificate.")
@pass_context
def certificate(context: Context, purge_id: str, out: Path | None, pdf: Path | None, annex: str | None) -> None:
    """Write the certificate of a purge that is done. `minutier certificate verify` checks it without this archive."""
    from archiver.bootstrap.certificate_pdf import save_pdf
    from archiver.bootstrap.purging import Purging
    from archiver.services.purge.paper import save_annex, save_certificate

    with context.open() as archive:
        purge = archive.catalog.purge(purge_id)
        if annex:
            save_annex(out, Purging(archive).archive_id, purge, archive.catalog.items(purge.id), annex)
            return
        with Purging(archive).files.certificate(purge.id) as stream:
            if pdf:
                save_pdf(stream, pdf)
        if out or not pdf:
            with Purging(archive).files.certificate(purge.id) as stream:
                save_certificate(stream, out)
    for file in filter(None, (out, pdf)):
        context.note(safe(f"{file} is written"))
