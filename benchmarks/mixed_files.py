"""A mixed corpus for the benchmarks: business documents in French and English, the same bytes for the same arguments.

PDF (two writers), DOCX, XLSX, mail with and without attachments, HTML, text, CSV, page scans as PNG and as PDF. Needs the
`bench` dependency group.
"""

from __future__ import annotations
import datetime as dt
import hashlib
import io
import itertools
import math
import os
import random
import re
import zipfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from email.message import EmailMessage
from email.policy import SMTP
import numpy as np

FR = """le la les de des du un une et à en dans pour par sur avec sans sous entre que qui dont ou où ne pas plus
est sont sera été avoir être fait faire doit peut nous vous ils elle leur notre votre cette ces son sa ses
contrat facture client fournisseur paiement montant total échéance société entreprise service livraison commande
adresse téléphone conditions générales article alinéa date référence numéro compte bancaire virement taxe valeur ajoutée
garantie responsabilité obligation prestation règlement délai résiliation annexe signature exercice bilan trésorerie
salarié congé rémunération cotisation sécurité sociale assurance sinistre indemnité dossier pièce jointe accusé réception
réunion compte-rendu décision assemblée conseil administration gérant directeur région préfecture marché public appel offres
qualité contrôle procédure conformité audit risque données personnelles conservation archivage juridique propriété intellectuelle""".split()
EN = """the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which
one you were all her she there would their we him been has when who will no more if out so said what up its about into than
contract invoice customer supplier payment amount total due company business service delivery order address phone terms
conditions section clause date reference number account bank transfer tax value added warranty liability obligation
settlement period termination appendix signature fiscal balance sheet cash employee leave salary contribution insurance
claim compensation file attachment acknowledgement receipt meeting minutes decision board director region public tender
quality control procedure compliance audit risk personal data retention archive legal intellectual property revenue margin
forecast budget quarter shipment warehouse inventory procurement vendor policy schedule approval statement report""".split()
FIRST = "Alice Bruno Camille David Élodie François Gabrielle Hugo Inès Julien Katia Léo Marie Nicolas Olivia Paul Quentin Rosa Sophie Thomas Ursula Victor Wendy Yves Zoé".split()
LAST = "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent Lefèvre Michel Garcia David Bertrand Roux Vincent Fournier Smith Jones Taylor Brown Wilson Evans".split()
GROUPS = [f"grp{i:03d}" for i in range(200)]

_SYL = [c + v for c in "b c d f g h j l m n p qu r s t v ch tr pl st gr cl".split() for v in "a e i o u ou ai on en é".split()]


def vocabulary(n=120_000, seed=1):
    """n words, most frequent first: real function/business words, then made ones."""
    rng = random.Random(seed)
    words = [w for p in itertools.zip_longest(EN, FR) for w in p if w]
    seen = set(words)
    words = list(dict.fromkeys(words))
    seen = set(words)
    while len(words) < n:
        k = rng.choice((2, 2, 3, 3, 3, 4))
        w = "".join(rng.choice(_SYL) for _ in range(k)) + rng.choice(("", "", "s", "t", "r", "ment", "tion", "ing", "ed", "x"))
        if w not in seen:
            seen.add(w)
            words.append(w)
    return words


_V = None


def _vocab():
    global _V
    if _V is None:
        words = vocabulary()
        ranks = np.arange(1, len(words) + 1)
        w = 1.0 / (ranks + 2.7) ** 1.07  # Zipf-Mandelbrot
        _V = (np.array(words, dtype=object), np.cumsum(w) / w.sum())
    return _V


def sample_words(n, nprng):
    words, cdf = _vocab()
    return words[np.searchsorted(cdf, nprng.random(n)).clip(0, len(words) - 1)]


def luhn_pan(rng, prefix="4"):
    d = [int(c) for c in prefix] + [rng.randrange(10) for _ in range(15 - len(prefix))]
    s = sum(x if i % 2 else (x * 2 - 9 if x * 2 > 9 else x * 2) for i, x in enumerate(d))
    return "".join(map(str, d)) + str((10 - s % 10) % 10)


def iban_fr(rng):
    bban = "".join(str(rng.randrange(10)) for _ in range(23))
    chk = 98 - int(bban + "152700") % 97
    s = f"FR{chk:02d}{bban}"
    return " ".join(s[i : i + 4] for i in range(0, len(s), 4))


class Text:
    """Paragraphs of business-like French or English prose."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.np = np.random.default_rng(seed)
        self.lang = self.rng.choice(("fr", "fr", "en"))
        self.pans = self.emails = self.ibans = 0

    def words(self, n):
        return [str(w) for w in sample_words(n, self.np)]

    def person(self):
        return f"{self.rng.choice(FIRST)} {self.rng.choice(LAST)}"

    def email(self):
        self.emails += 1
        return f"{self.rng.choice(FIRST)}.{self.rng.choice(LAST)}@{self.rng.choice(('example.com', 'societe.example', 'mail.example.org'))}".lower().translate(
            str.maketrans("éèëç", "eeec")
        )

    def sentence(self):
        r = self.rng
        ws = self.words(r.randint(8, 24))
        base = FR if self.lang == "fr" else EN
        for i in range(0, len(ws), 3):
            ws[i] = r.choice(base)
        x = r.random()
        if x < 0.10:
            ws.append(f"{r.randint(10, 99999)},{r.randint(0, 99):02d} EUR")
        elif x < 0.18:
            ws.append(f"{r.randint(1, 28):02d}/{r.randint(1, 12):02d}/20{r.randint(10, 25)}")
        elif x < 0.22:
            ws.append(self.person())
        elif x < 0.24:
            ws.append(self.email())
        elif x < 0.245:
            ws.append("IBAN " + iban_fr(r))
            self.ibans += 1
        elif x < 0.248:
            p = luhn_pan(r)
            ws.append(" ".join(p[i : i + 4] for i in range(0, 16, 4)) if r.random() < 0.5 else p)
            self.pans += 1
        elif x < 0.26:
            ws.append("".join(str(r.randrange(10)) for _ in range(16)))  # decoy digits
        s = " ".join(ws)
        return s[0].upper() + s[1:] + "."

    def paragraph(self):
        return " ".join(self.sentence() for _ in range(self.rng.randint(3, 8)))

    def paragraphs(self, chars):
        out, n = [], 0
        while n < chars:
            p = self.paragraph()
            out.append(p)
            n += len(p) + 1
        return out


_IMG = {}


def photo_jpeg(rng, kb):
    """A noisy JPEG of about kb kilobytes (a stamp, a logo, a photo)."""
    from PIL import Image

    side = max(64, int(math.sqrt(kb * 1024 * 2.2)))
    a = np.random.default_rng(rng.randrange(1 << 30)).integers(0, 256, (side // 2, side // 2, 3), dtype=np.uint8)
    im = Image.fromarray(a).resize((side, side), Image.BILINEAR)
    b = io.BytesIO()
    im.save(b, "JPEG", quality=80)
    return b.getvalue()


def scan_png(paras, dpi=150, noise=6, seed=0):
    from PIL import Image, ImageDraw, ImageFont

    W, H = int(8.27 * dpi), int(11.69 * dpi)
    im = Image.new("L", (W, H), 250)
    d = ImageDraw.Draw(im)
    f = ImageFont.load_default(size=int(dpi / 7))
    y = dpi // 2
    import textwrap

    for p in paras:
        for line in textwrap.wrap(p, 78):
            d.text((dpi // 2, y), line, fill=20, font=f)
            y += int(dpi / 5)
            if y > H - dpi // 2:
                break
        y += dpi // 10
        if y > H - dpi // 2:
            break
    a = np.asarray(im, dtype=np.int16) + np.random.default_rng(seed).integers(-noise, noise + 1, (H, W), dtype=np.int16)
    im = Image.fromarray(a.clip(0, 255).astype(np.uint8))
    b = io.BytesIO()
    im.save(b, "PNG", optimize=False, dpi=(dpi, dpi))
    return b.getvalue()


def pdf_reportlab(title, paras, rng, img=None):
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import SimpleDocTemplate, Paragraph, Spacer, Table, Image as RLImage
    from xml.sax.saxutils import escape

    b = io.BytesIO()
    ss = getSampleStyleSheet()
    doc = SimpleDocTemplate(b, pagesize=A4, title=title, author="Archive bench", invariant=1)
    fl = [Paragraph(escape(title), ss["Title"])]
    for i, p in enumerate(paras):
        fl += [Paragraph(escape(p), ss["BodyText"]), Spacer(1, 6)]
        if i == 1:
            fl.append(
                Table(
                    [["Réf", "Qté", "Prix"]]
                    + [[f"A-{rng.randrange(9999)}", rng.randrange(90), f"{rng.random() * 999:.2f}"] for _ in range(8)]
                )
            )
    if img:
        fl.append(RLImage(io.BytesIO(img), width=300, height=300))
    doc.build(fl)
    return b.getvalue()


def pdf_fpdf(title, paras, rng, img=None):
    from fpdf import FPDF

    p = FPDF()
    p.set_creation_date(dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc))
    p.set_title(title)
    p.add_page()
    fam = "Helvetica"
    for f in ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",):
        if os.path.exists(f):
            p.add_font("DejaVu", fname=f)
            fam = "DejaVu"
    enc = (lambda s: s) if fam == "DejaVu" else (lambda s: s.encode("latin-1", "replace").decode("latin-1"))
    p.set_font(fam, size=15)
    p.multi_cell(0, 8, enc(title), new_x="LMARGIN", new_y="NEXT")
    p.set_font(fam, size=10)
    for x in paras:
        p.multi_cell(0, 5, enc(x), new_x="LMARGIN", new_y="NEXT")
        p.ln(2)
    if img:
        p.image(io.BytesIO(img), w=100)
    return bytes(p.output())


def pdf_scan(paras, rng, seed):
    """Image-only PDF: needs OCR to give any text."""
    from PIL import Image
    from fpdf import FPDF

    im = Image.open(io.BytesIO(scan_png(paras, seed=seed))).convert("L")
    j = io.BytesIO()
    im.save(j, "JPEG", quality=60)
    p = FPDF()
    p.set_creation_date(dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc))
    p.add_page()
    p.image(io.BytesIO(j.getvalue()), x=0, y=0, w=210)
    return bytes(p.output())


def _rezip(data):
    """Pins the member time stamps, so equal seeds give equal bytes."""
    src = zipfile.ZipFile(io.BytesIO(data))
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", zipfile.ZIP_DEFLATED) as z:
        for n in src.namelist():
            zi = zipfile.ZipInfo(n, (2024, 1, 1, 0, 0, 0))
            zi.compress_type = zipfile.ZIP_DEFLATED
            body = src.read(n)
            if n == "docProps/core.xml":
                body = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2024-01-01T00:00:00Z", body)
            z.writestr(zi, body)
    return b.getvalue()


def docx(title, paras, rng, img=None):
    import docx as D
    from docx.shared import Inches

    d = D.Document()
    d.core_properties.title = title
    d.core_properties.author = "Archive bench"
    d.core_properties.created = d.core_properties.modified = dt.datetime(2024, 1, 1)
    d.add_heading(title, 1)
    for i, p in enumerate(paras):
        d.add_paragraph(p)
        if i == 2:
            t = d.add_table(rows=6, cols=4)
            for row in t.rows:
                for c in row.cells:
                    c.text = f"{rng.randrange(10000)}"
    if img:
        d.add_picture(io.BytesIO(img), width=Inches(3))
    b = io.BytesIO()
    d.save(b)
    return _rezip(b.getvalue())


def xlsx(title, t, rng, rows):
    from openpyxl import Workbook

    wb = Workbook(write_only=True)
    wb.properties.created = wb.properties.modified = dt.datetime(2024, 1, 1)
    wb.properties.title = title
    ws = wb.create_sheet("Données")
    ws.append([title, "Référence", "Client", "Date", "Quantité", "Prix", "Commentaire"])
    for i in range(rows):
        ws.append(
            [
                i,
                f"R{rng.randrange(10**6):06d}",
                t.person(),
                dt.date(2015 + rng.randrange(10), 1 + rng.randrange(12), 1 + rng.randrange(28)),
                rng.randrange(500),
                round(rng.random() * 9999, 2),
                " ".join(t.words(rng.randint(2, 9))),
            ]
        )
    b = io.BytesIO()
    wb.save(b)
    return _rezip(b.getvalue())


def csvf(title, t, rng, rows):
    out = [f"{title};ref;client;montant;libelle"]
    for i in range(rows):
        out.append(
            f"{i};R{rng.randrange(10**6):06d};{t.person()};{rng.random() * 9999:.2f};{' '.join(t.words(rng.randint(3, 10)))}"
        )
    return "\r\n".join(out).encode("utf-8")


def html(title, paras):
    from html import escape

    nav = "".join(f"<li><a href='/s/{i}'>Rubrique {i}</a></li>" for i in range(30))
    return (
        "<!DOCTYPE html><html lang='fr'><head><meta charset='utf-8'><title>%s</title><style>%s</style><script>%s</script></head><body><nav><ul>%s</ul></nav><main><h1>%s</h1>%s</main></body></html>"
        % (
            escape(title),
            "p{margin:0 0 1em}" * 60,
            "function f(x){return x+1};" * 120,
            nav,
            escape(title),
            "".join(f"<p class='c{i % 7}'>{escape(p)}</p>" for i, p in enumerate(paras)),
        )
    ).encode()


def eml(title, paras, t, rng, attachment=None):
    m = EmailMessage(policy=SMTP)
    m["From"] = f"{t.rng.choice(FIRST)} <{t.email()}>"
    m["To"] = t.email()
    m["Subject"] = title
    m["Date"] = "Mon, 01 Jan 2024 10:00:00 +0100"
    m["Message-ID"] = f"<{hashlib.md5(title.encode()).hexdigest()}@example.com>"
    m.set_content("\n\n".join(paras))
    m.add_alternative(html(title, paras).decode(), subtype="html")
    for part in m.walk():
        if part.is_multipart():
            part.set_boundary("b" + hashlib.md5((title + part.get_content_type()).encode()).hexdigest())
    if attachment:
        name, data, sub = attachment
        m.add_attachment(data, maintype="application", subtype=sub, filename=name)
        m.set_boundary("m" + hashlib.md5(title.encode()).hexdigest())
    return bytes(m)


#            kind: share, (median chars of text, sigma), chance of an image, image kb range
MIX = {
    "mixed": [
        ("pdf", 0.40),
        ("docx", 0.15),
        ("xlsx", 0.10),
        ("eml", 0.15),
        ("html", 0.05),
        ("txt", 0.05),
        ("csv", 0.05),
        ("png", 0.03),
        ("pdfscan", 0.02),
    ],
    "small": [("pdf", 0.30), ("eml", 0.40), ("txt", 0.20), ("html", 0.10)],
    "heavy": [("pdf", 0.70), ("docx", 0.15), ("xlsx", 0.15)],
}


def make(kind, i, seed):
    rng = random.Random(f"{seed}/{kind}/{i}")
    t = Text(rng.randrange(1 << 31))
    marker = f"mrk{seed}x{i:07d}"
    title = f"{rng.choice(('Facture', 'Contrat', 'Rapport', 'Invoice', 'Meeting minutes', 'Avenant', 'Bilan'))} {marker}"
    chars = int(min(400_000, max(800, rng.lognormvariate(math.log(9000), 1.0))))
    img = photo_jpeg(rng, rng.choice((20, 60, 150, 400, 1200))) if kind in ("pdf", "docx") and rng.random() < 0.25 else None
    if kind == "pdf":
        ext, data = "pdf", (pdf_reportlab if rng.random() < 0.6 else pdf_fpdf)(title, t.paragraphs(chars), rng, img)
    elif kind == "docx":
        ext, data = "docx", docx(title, t.paragraphs(chars), rng, img)
    elif kind == "xlsx":
        ext, data = "xlsx", xlsx(title, t, rng, max(20, chars // 60))
    elif kind == "csv":
        ext, data = "csv", csvf(title, t, rng, max(20, chars // 40))
    elif kind == "html":
        ext, data = "html", html(title, t.paragraphs(chars))
    elif kind == "txt":
        ext, data = (
            "txt",
            (title + "\n\n" + "\n\n".join(t.paragraphs(chars))).encode("utf-8" if rng.random() < 0.8 else "cp1252", "replace"),
        )
    elif kind == "eml":
        att = None
        if rng.random() < 0.4:
            p2 = t.paragraphs(chars)
            att = (
                ("pj.pdf", pdf_reportlab(title + " PJ", p2, rng), "pdf")
                if rng.random() < 0.6
                else ("pj.docx", docx(title + " PJ", p2, rng), "vnd.openxmlformats-officedocument.wordprocessingml.document")
            )
        ext, data = "eml", eml(title, t.paragraphs(min(chars, 4000)), t, rng, att)
    elif kind == "png":
        ext, data, marker = "png", scan_png(t.paragraphs(3000), seed=rng.randrange(1 << 30)), None
    elif kind == "pdfscan":
        ext, data, marker = "pdf", pdf_scan(t.paragraphs(3000), rng, rng.randrange(1 << 30)), None
    else:
        raise ValueError(kind)
    return (
        ext,
        data,
        dict(
            kind=kind,
            lang=t.lang,
            marker=marker,
            groups=sorted(rng.sample(GROUPS, rng.randint(1, 4))),
            pans=t.pans,
            ibans=t.ibans,
            emails=t.emails,
            title=title,
        ),
    )


def plan(count, profile):
    kinds, acc = [], 0.0
    for k, share in MIX[profile]:
        n0 = round(acc * count)
        acc += share
        kinds += [k] * (round(acc * count) - n0)
    return kinds


def mixed_files(folder: Path, count: int, seed: int = 7) -> Path:
    """Write `count` files under `folder`, a hundred to a subfolder; returns `folder`."""
    kinds = plan(count, "mixed")
    random.Random(seed).shuffle(kinds)
    with ProcessPoolExecutor() as processes:
        for path, data in processes.map(_one, range(count), kinds, itertools.repeat(seed), chunksize=50):
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
    return folder


def _one(number: int, kind: str, seed: int) -> tuple[str, bytes]:
    ext, data, _ = make(kind, number, seed)
    return f"{number // 100:04d}/{kind}-{number:06d}.{ext}", data
