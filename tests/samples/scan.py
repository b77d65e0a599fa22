"""Pictures of paper: text drawn, turned a little, with the dirt of a scanner glass."""

from __future__ import annotations

import io
import random
from pathlib import Path

import reportlab
from PIL import Image, ImageDraw, ImageFont

_FONT = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"


def page(lines: str, seed: int, *, angle: float = 0.6, size: tuple[int, int] = (1240, 1754)) -> Image.Image:
    """One page at 150 dpi, grey, on which `lines` can be read by eye."""
    image = Image.new("L", size, 250)
    draw = ImageDraw.Draw(image)
    draw.multiline_text((110, 140), lines, font=ImageFont.truetype(str(_FONT), 26), fill=25, spacing=16)
    image = image.rotate(angle, resample=Image.Resampling.BICUBIC, fillcolor=245)
    dust = random.Random(seed)
    draw = ImageDraw.Draw(image)
    for _ in range(160):
        x, y = dust.randrange(size[0]), dust.randrange(size[1])
        draw.ellipse((x, y, x + dust.randrange(1, 4), y + dust.randrange(1, 4)), fill=dust.randrange(120, 230))
    return image


def encoded(image: Image.Image, kind: str) -> bytes:
    """The page as PNG, JPEG or TIFF (G4)."""
    out = io.BytesIO()
    if kind == "TIFF":
        image.convert("1").save(out, kind, compression="group4")
    elif kind == "PNG":
        image.quantize(8).save(out, kind, optimize=True)
    else:
        image.save(out, kind, quality=45)
    return out.getvalue()
