"""The SVG of a figure as a part of a page: ids of its own, and a third as long."""

from __future__ import annotations

import base64
import io
import re
from collections import Counter
from typing import Final

__all__ = ["inline"]

_WIDE: Final = 250  # pixels of a bitmap that is worth a lower resolution
_MANY: Final = 100  # dots
_LAYERS: Final = 8


def inline(svg: str, unique: str) -> str:
    """Return what is between the tags of ``svg``, them included, without a size, which the page decides.

    Parameters
    ----------
    svg : str
        As matplotlib writes it.
    unique : str
        Letters and digits that no other figure of the page has: ids begin with them.
    """
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    body = re.sub(r"(<svg[^>]*?) height=\"[^\"]*\"", r"\1", re.sub(r"(<svg[^>]*?) width=\"[^\"]*\"", r"\1", body))
    prefix = f"f{unique[:8]}-"
    body = _short_ids(body, prefix)
    body = re.sub(r"font-family: [^;\"]*;? ?| transform=\"rotate\(-0 [^\"]*\"", "", body)  # the page has its font
    body = "".join(
        _short_numbers(part, 2 if part.startswith("<defs>") else 1)
        for part in re.split(r"(<defs>.*?</defs>)", body, flags=re.DOTALL)
    )
    body = re.sub(r"(data:image/png;base64,)([^\"]+)", lambda found: found[1] + _fewer_colours(found[2]), body)
    body = _without_plain_groups(re.sub(r"\s*\n\s*", "\n", body))
    return _styles_once(_dots_at_once(body), prefix)


def _short_ids(body: str, prefix: str) -> str:
    """Ids by number; those to which nothing refers are left out."""
    used = dict.fromkeys(re.findall(r'(?:url\(|href=")#([^)"]+)', body))
    short = {old: f"{prefix}{n}" for n, old in enumerate(used)}
    body = re.sub(r' id="([^"]+)"', lambda found: f' id="{short[found[1]]}"' if found[1] in short else "", body)
    body = re.sub(r"url\(#([^)]+)\)", lambda found: f"url(#{short[found[1]]})", body)
    return re.sub(r'xlink:href="#([^"]+)"', lambda found: f'href="#{short[found[1]]}"', body)


def _short_numbers(body: str, decimals: int) -> str:
    """Coordinates to a tenth or a hundredth of a point, and no more spaces in paths than they need."""

    def rounded(found: re.Match[str]) -> str:
        return f"{float(found[0]):.{decimals}f}".rstrip("0").rstrip(".")

    def shorter(found: re.Match[str]) -> str:
        if found[1] == ' d="':
            return found[1] + _relative(found[2], decimals)
        return found[1] + re.sub(r"-?\d+\.\d{2,}", rounded, found[2])

    return re.sub(r'( (?:d|x|y)=")([^"]+)', shorter, body)


def _relative(path: str, decimals: int) -> str:
    """A path with steps instead of places, which have fewer digits; of rounded places, so that errors do not add up."""
    unit = 10**decimals
    text, at = [], (0, 0)
    for command, numbers in re.findall(r"([MLQCz])([^MLQCz]*)", path):
        places = [round(float(number) * unit) for number in numbers.split()]
        pairs = list(zip(places[::2], places[1::2], strict=True))
        steps = [
            f"{(v - origin) / unit:.{decimals}f}".rstrip("0").rstrip(".")
            for pair in pairs
            for v, origin in zip(pair, at, strict=True)
        ]
        text.append(command.lower() + " ".join("0" if step == "-0" else step for step in steps).replace(" -", "-"))
        at = pairs[-1] if pairs else at
    return "".join(text)


def _without_plain_groups(body: str) -> str:
    """Groups that say nothing are left out, and those of one mark each become one group."""
    kept, open_groups = [], []
    for part in re.split(r"(<g[^>]*>\n?|</g>\n?)", body):
        if part.startswith("<g"):
            open_groups.append(part.strip() != "<g>")
            kept.append(part if open_groups[-1] else "")
        elif part.startswith("</g>"):
            kept.append(part if open_groups.pop() else "")
        else:
            kept.append(part)
    marks = r"((?:<use [^>]*/>\n)+)</g>\n"
    alike = re.compile(rf"<g( clip-path=[^>]*)>\n{marks}(?:<g\1>\n{marks})+")
    tags = re.compile(r"</?g[^>]*>\n")
    return alike.sub(lambda found: f"<g{found[1]}>\n{tags.sub('', found[0])}</g>\n", "".join(kept))


def _dots_at_once(body: str) -> str:
    """Many dots as a few paths, each of every eighth dot of a colour: dots on dots are darker, as before."""
    radius = {name: float(r) for name, r in re.findall(r'<path id="([^"]+)" d="m0 ([\d.]+)c', body)}

    def paths(found: re.Match[str]) -> str:
        dots = re.findall(r'<use href="#([^"]+)" x="([^"]+)" y="([^"]+)" style="([^"]+)"/>', found[2])
        if len(dots) < _MANY or any(name not in radius or "stroke:" in style for name, *_, style in dots):
            return found[0]
        of: dict[tuple[str, str, int], list[str]] = {}
        for n, (name, x, y, style) in enumerate(dots):
            of.setdefault((name, style, n % _LAYERS), []).append(f"M{x} {y}h0")
        drawn = [
            f'<path d="{"".join(places)}" style="{style.replace("fill", "stroke")}; fill: none; stroke-linecap: round; '
            f'stroke-width: {2 * radius[name]:g}"/>\n'
            for (name, style, _), places in sorted(of.items(), key=lambda item: item[0][2])
        ]
        return f"<g{found[1]}>\n{''.join(drawn)}</g>"

    return re.sub(r"<g( [^>]*)>\n((?:<use [^>]*/>\n)+)</g>", paths, body)


def _styles_once(body: str, prefix: str) -> str:
    """What many marks have in common is said once: of a group of dots by the group, otherwise by a class."""
    group = re.compile(r'<g( [^>]*)>\n((?:<use [^>]*style="([^"]+)"/>\n)(?:<use [^>]*style="\3"/>\n)+)</g>')
    body = group.sub(
        lambda found: f'<g{found[1]} style="{found[3]}">\n' + found[2].replace(f' style="{found[3]}"', "") + "</g>",
        body,
    )
    counts = Counter(re.findall(r'<(?:use|path|text) [^>]*style="([^"]+)"', body))
    frequent = sorted(style for style, count in counts.items() if count > 4)
    names = {style: f"{prefix}s{n}" for n, style in enumerate(frequent)}
    body = re.sub(
        r'style="([^"]+)"', lambda found: f'class="{names[found[1]]}"' if found[1] in names else found[0], body
    )
    rules = " ".join(f".{short} {{ {style} }}" for style, short in names.items())
    return re.sub(r"(<svg[^>]*>)", lambda found: f"{found[1]}<style>{rules}</style>", body, count=1) if rules else body


def _fewer_colours(encoded: str) -> str:
    """A bitmap of dots as a page can hold it: 32 colours, six tenths of the resolution where it is wide."""
    from PIL import Image

    image: Image.Image = Image.open(io.BytesIO(base64.b64decode(encoded)))
    if image.width > _WIDE:
        image = image.resize((round(image.width * 0.6), round(image.height * 0.6)), Image.Resampling.BOX)
    buffer = io.BytesIO()
    image.convert("RGBA").quantize(32, method=Image.Quantize.FASTOCTREE).save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()
