"""A batch report as one page to read or print: no script, nothing fetched, written as it is read."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import IO

from archiver.cli.context import counted
from archiver.cli.progress import size
from archiver.domain.batch import Batch, ReportLine, Tally
from archiver.domain.display import safe

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8882;--good:#1a7f4b;--bad:#b3261e;--mid:#8a6100}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1.5rem}
h1{font-size:1.5rem;margin:0 0 .25rem}p.sub{margin:0 0 1.5rem;opacity:.75}
.proof{border:1px solid var(--line);border-left:.4rem solid var(--good);padding:.75rem 1rem;border-radius:.3rem;margin-bottom:1.5rem}
.proof.no{border-left-color:var(--bad)}
table{border-collapse:collapse;width:100%;margin-bottom:2rem}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;position:sticky;top:0;background:Canvas}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
table.sum{width:auto;min-width:22rem}th.o{width:30%}
td.s{word-break:break-all}td small{opacity:.75}
.archived{color:var(--good)}.failed,.quarantined{color:var(--bad)}.mid{color:var(--mid)}
@media print{body{margin:0;max-width:none}th{position:static}}
"""


def write(stream: IO[str], batch: Batch, lines: Iterable[ReportLine], tally: Tally) -> None:
    """Write the page."""
    out = sum(count for name, count in tally.by_outcome.items() if name != "waiting")
    whole = out == tally.lines
    title = f"Import {escape(safe(batch.id))}"
    stream.write(f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>')
    stream.write(f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>')
    stream.write(
        f'<h1>{title}</h1><p class="sub">Started {batch.created_at:%Y-%m-%d %H:%M} UTC · {size(tally.bytes)} archived</p>'
    )
    verdict = "Every line has its outcome." if whole else "Not every line has its outcome yet: resume the batch."
    stream.write(
        f'<p class="proof{"" if whole else " no"}"><strong>{counted(tally.lines, "line")} in, {counted(out, "outcome")} out.</strong> {verdict}</p>'
    )
    stream.write('<table class="sum"><thead><tr><th>Outcome</th><th class="n">Lines</th></tr></thead><tbody>')
    for name, count in sorted(tally.by_outcome.items(), key=lambda item: -item[1]):
        stream.write(f'<tr><td class="{_shade(name)}">{escape(name)}</td><td class="n">{count:,}</td></tr>')
    stream.write(
        '</tbody></table><table><thead><tr><th class="n">Line</th><th class="o">Outcome</th><th>Source</th><th class="n">Size</th>'
        "</tr></thead><tbody>"
    )
    for line in lines:
        stream.write(_row(line))
    stream.write("</tbody></table></body></html>\n")


def _row(line: ReportLine) -> str:
    reason = f"<br><small>{escape(safe(line.reason))}</small>" if line.reason else ""
    unread = f", {line.members_failed:,} not read" if line.members_failed else ""
    members = f"<br><small>{counted(line.members, 'member')}{unread}</small>" if line.members else ""
    return (
        f'<tr><td class="n">{line.number}</td><td class="{_shade(line.outcome)}">{escape(line.outcome)}{reason}{members}</td>'
        f'<td class="s">{escape(safe(line.source))}<br><small>{line.document_id}</small></td><td class="n">{size(line.size)}</td></tr>\n'
    )


def _shade(outcome: str) -> str:
    plain = outcome in ("archived", "already there", "duplicate")
    return "archived" if plain else outcome if outcome in ("failed", "quarantined") else "mid"
