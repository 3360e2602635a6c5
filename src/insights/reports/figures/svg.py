"""From the drawing library's SVG to an element that may stand in a page.

No style attribute and no style element is left (the page's content policy allows neither), no id that another figure
could also have, no font, no metadata, no address.
"""

import re
from collections.abc import Sequence
from xml.etree import ElementTree

_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_COORDINATES = ("x", "y", "transform", "points", "width", "height")
_STEP = re.compile(r"([A-Za-z])([^A-Za-z]*)")


def clean(
    source: bytes,
    under: Sequence[ElementTree.Element],
    over: Sequence[ElementTree.Element],
    *,
    name: str,
    alt: str,
    width: float,
    height: float,
) -> str:
    """Return the ``<svg>`` element as text, with its alternative text, scaling to the width of its place.

    ``under`` and ``over`` are elements that come before and after what is in ``source``, which may be empty.
    """
    root = ElementTree.fromstring(source) if source else ElementTree.Element("svg")
    for element in root.iter():
        element.tag = _local(element.tag)
        element.attrib = {_local(key): value for key, value in element.attrib.items()}
    _drop(root)
    for element in root.iter():
        _style_to_attributes(element)
        for key in _COORDINATES:
            if key in element.attrib:
                element.set(key, _NUMBER.sub(lambda n: f"{float(n.group()):.2f}", element.attrib[key]))
        if "d" in element.attrib:
            element.set("d", _shorter(element.attrib["d"]))
        element.text = element.tail = None
    _rename(root, name)
    body = [child for child in root if len(child) or child.tag != "defs"]
    attributes = {
        "viewBox": f"0 0 {width:g} {height:g}",
        "role": "img",
        "aria-label": alt,
        "class": "chart",
        "stroke-linejoin": "round",
        "preserveAspectRatio": "xMinYMin meet",
    }
    page = ElementTree.Element("svg", attributes)
    ElementTree.SubElement(page, "title").text = alt
    page.extend((*under, *body, *over))
    return ElementTree.tostring(page, encoding="unicode")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _drop(element: ElementTree.Element) -> None:
    for child in list(element):
        if child.tag in ("metadata", "style", "title"):
            element.remove(child)
        else:
            _drop(child)


def _style_to_attributes(element: ElementTree.Element) -> None:
    for part in element.attrib.pop("style", "").split(";"):
        key, _, value = part.partition(":")
        key, value = key.strip(), value.strip()
        if key:
            element.set(key, value)


def _shorter(path: str) -> str:
    """Return the path to a tenth of a pixel, with the short commands for level and upright lines."""
    short: list[str] = []
    at: tuple[str, str] | None = None
    for command, numbers in _STEP.findall(path):
        points = [f"{float(n):.1f}".removesuffix(".0") for n in numbers.split()]
        end = (points[-2], points[-1]) if len(points) > 1 else None
        if command == "L" and at and end:
            if end == at:
                continue
            level, upright = end[1] == at[1], end[0] == at[0]
            short.append(f"H{end[0]}" if level else f"V{end[1]}" if upright else f"L{end[0]} {end[1]}")
        else:
            short.append(command + " ".join(points))
        at = end
    return "".join(short)


def _rename(root: ElementTree.Element, name: str) -> None:
    """Give ids that something points at a name unique in the page, and drop all the others."""
    used: dict[str, str] = {}
    for element in root.iter():
        for key, value in element.attrib.items():
            if old := _pointed_at(key, value):
                used.setdefault(old, f"{name}-{len(used) + 1}")
    for element in root.iter():
        for key, value in list(element.attrib.items()):
            if key == "id":
                del element.attrib[key]
                if value in used:
                    element.set("id", used[value])
            elif old := _pointed_at(key, value):
                element.set(key, value.replace(f"#{old}", f"#{used[old]}"))


def _pointed_at(key: str, value: str) -> str:
    """Return the id that an attribute points at, or an empty text (a colour begins with # as well)."""
    if key == "href":
        return value[1:] if value.startswith("#") else ""
    found = _REFERENCE.search(value)
    return found[1] if found else ""
