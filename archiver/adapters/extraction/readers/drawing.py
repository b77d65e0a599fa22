"""Text inside DrawingML and VML: shapes, tables, charts, diagrams, alternative texts. Also the walk all OOXML readers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from archiver.adapters.extraction.readers.ooxml import MC, A
from archiver.adapters.extraction.readers.safe_xml import Element

Output = list[str]
Rule = Callable[[Element, Output], None]
Rules = Mapping[str, Rule]

C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
CX = "{http://schemas.microsoft.com/office/drawing/2014/chartex}"
V = "{urn:schemas-microsoft-com:vml}"
MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"


def walk(element: Element, rules: Rules, out: Output) -> None:
    """Go through the children in order; a tag without a rule is walked through."""
    for child in element:
        rule = rules.get(child.tag)
        if rule is None:
            walk(child, rules, out)
        else:
            rule(child, out)


def skip(_element: Element, _out: Output) -> None:
    """Rule: nothing in here is text."""


def text(element: Element, out: Output) -> None:
    """Rule: the element's own text."""
    if element.text:
        out.append(element.text)


def line(element: Element, out: Output) -> None:
    """Rule: the element's own text, on a line of its own."""
    if element.text:
        out.append(f"{element.text}\n")


def mark(sign: str) -> Rule:
    """Rule: this element stands for a sign."""
    return lambda _element, out: out.append(sign)


def then(sign: str, rules: Rules) -> Rule:
    """Rule: what is inside, then a sign."""

    def rule(element: Element, out: Output) -> None:
        walk(element, rules, out)
        out.append(sign)

    return rule


def alternative(rules: Rules) -> Rule:
    """Rule for mc:AlternateContent: the same content several times over; the first form that has any text counts."""

    def rule(element: Element, out: Output) -> None:
        for choice in (*element.iterchildren(f"{MC}Choice"), *element.iterchildren(f"{MC}Fallback")):
            found: Output = []
            walk(choice, rules, found)
            if any(piece.strip() for piece in found):
                out.extend(found)
                return

    return rule


def described(element: Element, out: Output) -> None:
    """Rule: the alternative text of a shape or picture, written for those who can't see it."""
    for key in ("title", "descr"):
        if element.get(key):
            out.append(f"\n{element.get(key)}\n")


def word_art(element: Element, out: Output) -> None:
    """Rule for v:textpath: its string is what is drawn, as in a watermark."""
    if element.get("string"):
        out.append(f"{element.get('string')}\n")


def drawing_rules() -> dict[str, Rule]:
    """Rules for DrawingML, charts included."""
    rules: dict[str, Rule] = {}
    rules |= {
        f"{A}t": text,
        f"{A}br": mark("\n"),
        f"{A}tab": mark("\t"),
        f"{A}p": then("\n", rules),
        f"{A}tr": then("\n", rules),
        f"{A}tc": then("\t", rules),
        f"{MATH}t": text,
        f"{C}v": line,
        f"{C}f": skip,
        f"{C}formatCode": skip,
        f"{CX}v": line,
        f"{CX}pt": line,
        f"{CX}f": skip,
        f"{MC}AlternateContent": alternative(rules),
        f"{V}textpath": word_art,
    }
    return rules


_RULES = drawing_rules()


def drawn_text(root: Element) -> str:
    """Text of a chart, a diagram's data or a drawing part."""
    out: Output = []
    walk(root, _RULES, out)
    return "".join(out)


def vml_text(root: Element) -> str:
    """Text of a VML drawing part: captions of buttons and text boxes are HTML inside v:textbox."""
    out = [f"{element.get('string')}\n" for element in root.iter(f"{V}textpath") if element.get("string")]
    out += ["".join(box.itertext()) + "\n" for box in root.iter(f"{V}textbox")]
    return "".join(out)
