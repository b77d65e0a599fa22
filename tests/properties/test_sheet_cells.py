"""Whatever stands in the cells, telling them apart gives the text that a parser gives."""

from __future__ import annotations

import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

from hypothesis import given
from hypothesis import strategies as st

from archiver.adapters.extraction.readers import sheet
from tests.support.office_files import source, unprefixed, workbook

STYLES = '<s:cellXfs><s:xf numFmtId="0"/><s:xf numFmtId="14"/><s:xf numFmtId="4"/><s:xf numFmtId="10"/></s:cellXfs>'
_words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), max_size=12)
_numbers = st.one_of(
    st.integers(-(10**16), 10**16).map(str), st.floats().map(repr), st.decimals(-10000, 10000, places=2).map(str), _words
)


@st.composite
def cells(draw: st.DrawFn) -> str:
    """One cell as programs write them."""
    kind = draw(st.sampled_from(["n", "", "str", "b", "e", "inlineStr"]))
    shape = draw(st.sampled_from(["", ' s="1"', ' s="2"', ' s="3"', ' s="99"'])) + (f' t="{kind}"' if kind else "")
    value = escape(draw(_numbers if kind in ("n", "") else _words))
    if draw(st.booleans()):
        return f"<s:c{shape}/>"
    formula = draw(st.sampled_from(["", "<s:f>SUM(A1:A9)</s:f>", '<s:f t="shared" si="0"/>']))
    if kind == "inlineStr":
        return f"<s:c{shape}><s:is><s:t>{value}</s:t></s:is></s:c>"
    return f"<s:c{shape}>{formula}<s:v>{value}</s:v></s:c>"


@given(st.lists(st.lists(cells(), max_size=5).map("".join), max_size=5))
def test_both_ways_of_reading_give_the_same(rows: list[str]) -> None:
    parts = workbook("".join(f"<s:row>{row}</s:row>" for row in rows), STYLES)
    with tempfile.TemporaryDirectory() as folder:
        plain = sheet.read(source(Path(folder), unprefixed(parts))).text
        assert plain == sheet.read(source(Path(folder), parts)).text
