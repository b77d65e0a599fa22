"""The `minutier` command: one file a subcommand, loaded only when it is the one that runs."""

from __future__ import annotations

import sys
from importlib import import_module
from io import TextIOWrapper

import click

from archiver.cli.context import Context
from archiver.cli.failure import report

COMMANDS = {
    "init": "Make a new archive.",
    "import": "Archive files, folders, lists and manifests.",
    "batch": "List, show, report, resume and retry imports.",
    "search": "Find documents by what is in them.",
    "show": "Show what is known of a document.",
    "get": "Write a document's bytes to a file, checked.",
    "evidence": "Write signed evidence of a document, or of its deposit.",
    "explain": "Say how long a document is kept, and why.",
    "event": "Record what happened to documents, and list what waits for it.",
    "hold": "Keep documents whatever their date, and let go of them.",
    "review": "Decide about documents whose class asks a person.",
    "policy": "Check, compare, apply and show the retention policy.",
    "key": "Keys that programs call with, keys that persons sign with.",
    "break-glass": "Let a caller see more for some hours, for a reason.",
    "purge": "Destroy what is due: planned, approved by somebody else, certified.",
    "certificate": "Check certificates and evidence, without an archive.",
    "export": "Write the catalogue, one JSON object a document.",
    "audit": "Say who read what, and why.",
    "verify": "Read everything back and check it.",
    "timetable": "Do what an archive needs done once in a while.",
    "serve": "Answer programs over HTTP: search, fetch, deposit.",
    "work": "Read and index what imports take in, beside them.",
    "rebuild": "Make the catalogue again from the stored objects.",
    "reindex": "Make the index again from the stored texts.",
    "upgrade": "Bring the archive to what this version needs.",
    "doctor": "Say what is in use and whether it works.",
    "config": "Show the settings in force.",
}


class Commands(click.Group):
    """Knows the commands by name and one line each, so that `--help` need not load them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = import_module(f"archiver.cli.{name}_" if name == "import" else f"archiver.cli.{name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(args[0], COMMANDS, 1)
            hint = f"did you mean {close[0]!r}?" if close else "`minutier --help` lists them"
            ctx.fail(f"there is no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--archive", metavar="FOLDER", help="Where the archive is.  [default: MINUTIER_HOME, or ./minutier-data]")
@click.option("--json", "as_json", is_flag=True, help="Results as JSON, one object a line, on standard output.")
@click.option("--as", "principal", metavar="NAME", help="Read as this person or service; sees only what its groups may see.")
@click.option("--group", "groups", multiple=True, metavar="GROUP", help="A group of the one named by --as; may be given again.")
@click.version_option(package_name="minutier", prog_name="minutier")
@click.pass_context
def cli(ctx: click.Context, archive: str | None, as_json: bool, principal: str | None, groups: tuple[str, ...]) -> None:
    """Minutier archives business documents: originals nobody can change, found by what is in them, kept as long as the
    law says, and proved.

    \b
      minutier init                      make an archive in ./minutier-data
      minutier import ~/Documents        archive a folder
      minutier search "bail commercial"  find a document
    """
    ctx.obj = Context(archive, as_json=as_json, principal=principal, groups=groups)


def arguments(given: list[str]) -> list[str]:
    """The command line with `--json` first, wherever it was written before a `--`: every command has it."""
    end = given.index("--") if "--" in given else len(given)
    rest = [word for word in given[:end] if word != "--json"]
    return (["--json"] if "--json" in given[:end] else []) + rest + given[end:]


def main() -> None:
    """Run the command line; every failure ends with one of the documented exit codes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # letters the terminal's charset lacks must not end a command
    try:
        code = cli.main(arguments(sys.argv[1:]), standalone_mode=False) or 0
        sys.stdout.flush()  # here, where a reader that has gone away is met
        sys.exit(code)
    except BaseException as error:  # noqa: BLE001  # the edge of the program: whatever it was becomes a message and a code
        sys.exit(report(error, as_json="--json" in sys.argv))
