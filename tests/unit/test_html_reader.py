"""HTML: what a browser would show."""

from __future__ import annotations

from pathlib import Path

from archiver.adapters.extraction.readers.html import content, read
from archiver.adapters.extraction.source import Source


def test_words_are_neither_glued_nor_split() -> None:
    text, _ = content("<p>un<b>i</b>que</p><p>deux</p><table><tr><td>a</td><td>b</td></tr></table>trois<br>quatre")
    assert text.split() == ["unique", "deux", "a", "b", "trois", "quatre"]


def test_scripts_and_styles_are_not_text() -> None:
    text, _ = content("<p>vu &eacute; &amp;</p><style>p{}</style><script>steal()</script><template><p>t</p></template>")
    assert text == "vu é &"


def test_alternative_texts_and_framed_documents_are() -> None:
    text, _ = content("<img alt='logo de la mairie'><iframe srcdoc='&lt;p&gt;dedans&lt;/p&gt;'></iframe>")
    assert "logo de la mairie" in text
    assert "dedans" in text


def test_frames_in_frames_end() -> None:
    inner = "<p>fond</p>"
    for _ in range(12):
        inner = '<iframe srcdoc="' + inner.replace("&", "&amp;").replace('"', "&quot;") + '"></iframe>'
    assert "fond" not in content(inner)[0]


def test_deep_nesting_is_read() -> None:
    assert content("<div>" * 3000 + "au fond" + "</div>" * 3000)[0] == "au fond"


def test_metadata_under_shared_keys() -> None:
    _, metadata = content(
        "<html lang=fr><head><title> Le  titre </title><meta name=Author content='Z. Petit'>"
        "<meta name=keywords content='bail, loyer'><meta property='og:title' content='T'></head></html>"
    )
    assert metadata["dc:title"] == ["Le titre"]
    assert metadata["dc:creator"] == metadata["Author"] == ["Z. Petit"]
    assert metadata["meta:keyword"] == ["bail, loyer"]
    assert metadata["dc:language"] == ["fr"]


def test_declared_charset(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_bytes("<meta charset=windows-1251><p>Счёт</p>".encode("cp1251"))
    assert read(Source(path, "a.html", path.stat().st_size, "text/html")).text == "Счёт"
