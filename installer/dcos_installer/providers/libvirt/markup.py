"""XML for libvirt, made and read as trees: no value is ever put into text by hand."""

from __future__ import annotations

from xml.etree import ElementTree

NAMESPACE = "urn:dcos:libvirt:1"
"""The namespace of our elements in ``<metadata>``."""

ElementTree.register_namespace("dcos", NAMESPACE)

Element = ElementTree.Element


def element(tag: str, *children: Element | None, text: str | int | None = None, **attributes: str | int) -> Element:
    """An element; the name of an attribute that is a keyword of Python ends with an underscore."""
    made = Element(tag, {name.rstrip("_"): str(value) for name, value in attributes.items()})
    if text is not None:
        made.text = str(text)
    made.extend([child for child in children if child is not None])
    return made


def mark(tag: str, **attributes: str) -> Element:
    """``<metadata>`` with one element of ours."""
    ours = Element(f"{{{NAMESPACE}}}{tag}", attributes)
    return element("metadata", ours)


def marked(tree: Element, tag: str) -> dict[str, str] | None:
    """The attributes that `mark` set in an object's description; None: it is not ours."""
    found = tree.find(f"metadata/{{{NAMESPACE}}}{tag}")
    return None if found is None else dict(found.attrib)


def text(tree: Element) -> str:
    return ElementTree.tostring(tree, encoding="unicode")


def parse(xml: str) -> Element:
    return ElementTree.fromstring(xml)
