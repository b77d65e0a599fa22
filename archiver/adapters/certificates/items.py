"""The table of all items, page after page."""

from __future__ import annotations

from collections.abc import Iterable

from archiver.adapters.certificates.sheet import LEFT, RIGHT, Sheet
from archiver.adapters.certificates.typeset import CELL, CELL_MONO, REMARK, lines_of
from retention.certificate import Item

_NUMBER, _ID, _CLASS, _DAY, _OUTCOME = LEFT, LEFT + 40, LEFT + 214, LEFT + 356, LEFT + 412
_COLUMNS = ((_NUMBER, "item"), (_ID, "document"), (_CLASS, "class"), (_DAY, "last day"), (_OUTCOME, "outcome"))
_PADDING = 4.0


def draw_items(sheet: Sheet, items: Iterable[Item]) -> None:
    """One row for each item, in the plan's order."""
    sheet.heading("The documents", following=80)
    sheet.head_row(_COLUMNS)
    for item in items:
        _row(sheet, item)
    sheet.end_table()


def _row(sheet: Sheet, item: Item) -> None:
    names = lines_of(item.retention_class, CELL, _DAY - _CLASS - 6)
    remarks = lines_of(_remark(item), REMARK, RIGHT - _ID)
    sheet.need(len(names) * CELL.leading + len(remarks) * REMARK.leading + _PADDING)
    first = sheet.y - CELL.leading
    sheet.write(_ID, item.id, CELL_MONO, first)
    sheet.write(_NUMBER, f"{item.position:,}", CELL, first)
    for number, name in enumerate(names):
        sheet.write(_CLASS, name, CELL, first - number * CELL.leading)
    sheet.write(_DAY, item.until, CELL, first)
    sheet.write(_OUTCOME, item.outcome.value, CELL, first)
    sheet.y -= len(names) * CELL.leading
    for line in remarks:
        sheet.y -= REMARK.leading
        sheet.write(_ID, line, REMARK)
    sheet.y -= _PADDING
    sheet.rule(sheet.y, 0.85, 0.4)


def _remark(item: Item) -> str:
    told = [item.reason]
    if item.why:
        told.append(f"{item.outcome.value}: {item.why}")
    if item.entry is not None:
        told.append(f"ledger entry {item.entry:,}")
    if item.shared:
        told.append("bytes or text stay, another living document has the same")
    return "; ".join(told)
