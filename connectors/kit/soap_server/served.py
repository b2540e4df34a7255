"""A WSDL of a folder, ready to be served and to check requests by; its types come from an XSD beside it.

Document and rpc operations, SOAP 1.1 and 1.2 bindings. An rpc request is checked by a schema made of its
message's parts. A WSDL that imports no XSD of its own namespace is refused when the sandbox starts.
"""

from collections.abc import Mapping
from pathlib import Path

from lxml import etree

from connectors.kit import safe_xml
from connectors.kit.soap.names import VERSIONS, Version

_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_XSD = "http://www.w3.org/2001/XMLSchema"


class Served:
    """`operations`: by the qualified name of the request's element. `versions`: those of its bindings."""

    def __init__(self, wsdl: Path) -> None:
        self._root = safe_xml.parse(wsdl.read_bytes())
        self.namespace = self._root.get("targetNamespace", "")
        self.files: dict[str, bytes] = {}
        self._own = self._types(wsdl)
        self.schema = safe_xml.schema(self._own)
        self.versions = frozenset(
            version
            for version in VERSIONS
            if self._root.find(f"{{{_WSDL}}}binding/{{{version.binding}}}binding") is not None
        )
        self.operations, self.rpc = self._operations()

    def wsdl_at(self, address: str) -> bytes:
        """The WSDL, saying that the service is at `address` and its XSD there too."""
        copy = etree.fromstring(etree.tostring(self._root))
        for version in VERSIONS:
            for port in copy.iter(f"{{{version.binding}}}address"):
                port.set("location", address)
        for found in copy.iter(f"{{{_XSD}}}import"):
            found.set("schemaLocation", address + found.get("schemaLocation", ""))
        return etree.tostring(copy, xml_declaration=True, encoding="utf-8")

    def speaks(self, version: Version) -> bool:
        """Whether a binding of the contract has that version."""
        return version in self.versions

    def _types(self, wsdl: Path) -> Path:
        own = None
        for found in self._root.iterfind(f"{{{_WSDL}}}types/{{{_XSD}}}schema/{{{_XSD}}}import"):
            name = found.get("schemaLocation", "")
            self.files[name] = (wsdl.parent / name).read_bytes()
            found.set("schemaLocation", f"?xsd={name}")
            if found.get("namespace") == self.namespace:
                own = wsdl.parent / name
        if own is None:
            msg = f"{wsdl}: its types import no XSD of its own namespace. Put it in a file beside the WSDL."
            raise ValueError(msg)
        return own

    def _operations(self) -> tuple[Mapping[str, str], Mapping[str, etree.XMLSchema]]:
        """Operation by tag of its request, and the schema of each rpc request by that tag."""
        inputs = {
            found.get("name", ""): found.find(f"{{{_WSDL}}}input")
            for found in self._root.iterfind(f"{{{_WSDL}}}portType/{{{_WSDL}}}operation")
        }
        operations, rpc = dict[str, str](), dict[str, etree.XMLSchema]()
        for name, asked in inputs.items():
            message = (asked.get("message", "") if asked is not None else "").rpartition(":")[2]
            parts = self._root.findall(f"{{{_WSDL}}}message[@name='{message}']/{{{_WSDL}}}part")
            if self._style(name) == "rpc":
                tag = f"{{{self.namespace}}}{name}"
                rpc[tag] = self._rpc_schema(name, parts)
            else:
                tag = f"{{{self.namespace}}}{parts[0].get('element', '').rpartition(':')[2]}"
            operations[tag] = name
        return operations, rpc

    def _style(self, operation: str) -> str:
        for binding in self._root.iterfind(f"{{{_WSDL}}}binding"):
            for version in VERSIONS:
                bound = binding.find(f"{{{version.binding}}}binding")
                if bound is None:
                    continue
                called = binding.find(
                    f"{{{_WSDL}}}operation[@name='{operation}']/{{{version.binding}}}operation"
                )
                own = called.get("style") if called is not None else None
                return own or bound.get("style") or "document"
        return "document"

    def _rpc_schema(self, operation: str, parts: list[etree._Element]) -> etree.XMLSchema:
        """A wrapper of the operation's name that holds each part, unqualified, in the message's order."""
        names = dict(self._root.nsmap)
        root = etree.Element(f"{{{_XSD}}}schema", nsmap={key: uri for key, uri in names.items() if key})
        root.set("targetNamespace", self.namespace)
        etree.SubElement(root, f"{{{_XSD}}}include", schemaLocation=self._own.resolve().as_uri())
        wrapper = etree.SubElement(root, f"{{{_XSD}}}element", name=operation)
        kind = etree.SubElement(wrapper, f"{{{_XSD}}}complexType")
        sequence = etree.SubElement(kind, f"{{{_XSD}}}sequence")
        for part in parts:
            told = {"name": part.get("name", ""), "type": part.get("type", ""), "form": "unqualified"}
            etree.SubElement(sequence, f"{{{_XSD}}}element", told)
        return etree.XMLSchema(root)
