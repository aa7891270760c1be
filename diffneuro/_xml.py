"""XML documents and the quantities in them."""

import os
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from xml.parsers import expat

# What 1 of a unit is in the library's units, by NeuroML's dimension.
_UNITS = {
    "voltage": {"mV": 1.0, "V": 1e3},
    "per_time": {"per_ms": 1.0, "per_s": 1e-3, "Hz": 1e-3},
    "time": {"ms": 1.0, "s": 1e3},
    "temperature": {"degC": 1.0},
    "none": {"": 1.0},
}
_QUANTITY = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([A-Za-z_]\w*)?\s*")


def read_xml(path: str | os.PathLike) -> ElementTree.Element:
    """The root of an XML document, names without their namespaces.

    **Raises:** `ValueError` for a file that is absent, is not XML, or declares a document type:
    that is where entities are declared, of which a few make a file that fills the memory.
    """
    path = Path(path)

    def refuse(*_: object) -> None:
        raise ValueError(f"{path.name} declares a document type: take its DOCTYPE out.")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    try:
        content = path.read_bytes()
        parser.Parse(content, True)
        root = ElementTree.fromstring(content)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}; give a file's path.") from None
    except (expat.ExpatError, ElementTree.ParseError) as error:
        raise ValueError(f"{path.name} is no XML: {error}.") from None
    for element in root.iter():
        # Comments and instructions have no name.
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    return root


def quantity(element: ElementTree.Element, name: str, dimension: str) -> float:
    """An attribute with its unit, in the library's units (mV, ms, per ms, degC, 1).

    **Raises:** `ValueError` where it is absent, is no number, or has a unit of something else.
    """
    text = element.get(name)
    found = _QUANTITY.fullmatch(text or "")
    units = _UNITS[dimension]
    if found is None or (found[2] or "") not in units:
        known = ", ".join(unit for unit in units if unit) or "no unit"
        raise ValueError(
            f"<{element.tag}> has {name}={text!r}: give a number with a unit of {dimension} "
            f"({known})."
        )
    return float(found[1]) * units[found[2] or ""]
