"""XML bytes -> elements that know where they were written. No network, no entities, no DTD, bounded nesting."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from abell.config.model import Place
from abell.config.problem import Problems
from abell.config.tree import MAX_DEPTH, MAX_NODES


@dataclass(frozen=True, slots=True)
class Element:
    tag: str
    attributes: dict[str, str]
    place: Place
    text: str = ""  # before the first child, as Galaxy reads it
    children: tuple[Element, ...] = field(default=())

    def named(self, tag: str) -> tuple[Element, ...]:
        return tuple(c for c in self.children if c.tag == tag)


def read_xml(data: bytes, file: str, problems: Problems) -> Element | None:
    """The root element; None where a problem was noted."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        what = (error.msg or "it is empty").split(", line ")[0]
        problems.error(Place(file, error.lineno or 1), "", f"this is not XML: {what}", "check tags and quotes here")
        return None
    dtd: Any = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.entities()):
        problems.error(Place(file, 1), "DOCTYPE", "XML entities are not allowed", "write the text, or use macros")
        return None
    if sum(1 for _ in root.iter()) > MAX_NODES:
        problems.error(Place(file, 1), "", f"more than {MAX_NODES} elements", "no job configuration needs that")
        return None
    return _element(root, file, problems, 0)


def _element(raw: etree._Element, file: str, problems: Problems, depth: int) -> Element | None:
    line = raw.sourceline
    place = Place(file, line if isinstance(line, int) else 1)
    if depth > MAX_DEPTH:
        problems.error(place, "", f"nested deeper than {MAX_DEPTH} levels", "no job configuration needs that")
        return None
    if not isinstance(raw.tag, str):
        problems.error(place, "", "an entity reference is not allowed", "write the text itself")
        return None
    children = (_element(child, file, problems, depth + 1) for child in raw)
    return Element(
        raw.tag,
        {str(k): str(v) for k, v in raw.attrib.items()},
        place,
        raw.text or "",
        tuple(c for c in children if c is not None),
    )
