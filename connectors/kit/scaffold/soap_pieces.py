"""The texts that a connector of SOAP has and no other: WSDL, XSD, source.py, a sample. Meant to be replaced.

The contract is ours until the vendor's is there: one operation that gives a stream's records and their number.
"""

from xml.sax.saxutils import escape

from connectors.kit.scaffold.columns import Columns

OPERATION = "ListerEnregistrements"
RECORD = "enregistrement"


def namespace(name: str) -> str:
    """Of the contract, version 1."""
    return f"urn:passerelle:reference:{name}:1"


def class_name(name: str) -> str:
    """``school_bus`` → ``SchoolBusSource``."""
    return "".join(part.capitalize() for part in name.split("_")) + "Source"


def wsdl(name: str) -> str:
    """contract/service.wsdl: SOAP 1.1, document/literal."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- Contrat de référence de Passerelle: put the vendor's WSDL here, and change source.py accordingly. -->
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"
                  xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
                  xmlns:xs="http://www.w3.org/2001/XMLSchema"
                  xmlns:s="{namespace(name)}"
                  name="Service"
                  targetNamespace="{namespace(name)}">
  <wsdl:types>
    <xs:schema>
      <xs:import namespace="{namespace(name)}" schemaLocation="service.xsd"/>
    </xs:schema>
  </wsdl:types>
  <wsdl:message name="{OPERATION}Demande">
    <wsdl:part name="parameters" element="s:{OPERATION}"/>
  </wsdl:message>
  <wsdl:message name="{OPERATION}Reponse">
    <wsdl:part name="parameters" element="s:{OPERATION}Reponse"/>
  </wsdl:message>
  <wsdl:portType name="Service">
    <wsdl:operation name="{OPERATION}">
      <wsdl:input message="s:{OPERATION}Demande"/>
      <wsdl:output message="s:{OPERATION}Reponse"/>
    </wsdl:operation>
  </wsdl:portType>
  <wsdl:binding name="ServiceSoap" type="s:Service">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="{OPERATION}">
      <soap:operation soapAction="{namespace(name)}/{OPERATION}" style="document"/>
      <wsdl:input><soap:body use="literal"/></wsdl:input>
      <wsdl:output><soap:body use="literal"/></wsdl:output>
    </wsdl:operation>
  </wsdl:binding>
  <wsdl:service name="Service">
    <wsdl:port name="ServiceSoap" binding="s:ServiceSoap">
      <!-- The real address is that of systems.yaml. -->
      <soap:address location="http://127.0.0.1/{name}"/>
    </wsdl:port>
  </wsdl:service>
</wsdl:definitions>
"""


def xsd(name: str, stream: str, columns: Columns) -> str:
    """contract/service.xsd: fields are text, those of the key always there."""
    fields = "".join(
        f'      <xs:element name="{item}" type="xs:string"{"" if item in columns.key else OPTIONAL}/>\n'
        for item in columns.names
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- An empty or absent element says nothing; the elements of the key are always there. -->
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
           xmlns="{namespace(name)}"
           targetNamespace="{namespace(name)}"
           elementFormDefault="qualified">
  <xs:simpleType name="Flux">
    <xs:restriction base="xs:string">
      <xs:enumeration value="{stream}"/>
    </xs:restriction>
  </xs:simpleType>
  <xs:element name="{OPERATION}">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="flux" type="Flux"/>
        <!-- The year in which the school year begins. -->
        <xs:element name="annee" type="xs:int"/>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
  <xs:element name="{OPERATION}Reponse">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="total" type="xs:nonNegativeInteger"/>
        <xs:element name="{RECORD}" type="Enregistrement" minOccurs="0" maxOccurs="unbounded"/>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
  <xs:complexType name="Enregistrement">
    <xs:sequence>
{fields}    </xs:sequence>
  </xs:complexType>
</xs:schema>
"""


OPTIONAL = ' minOccurs="0"'


def sample(name: str, columns: Columns) -> str:
    """samples/<stream>.xml: a whole answer with two invented records."""
    records = "".join(
        f"  <{RECORD}>\n"
        + "".join(
            f"    <{item}>{escape(value)}</{item}>\n"
            for item, value in zip(columns.names, row, strict=True)
            if value
        )
        + f"  </{RECORD}>\n"
        for row in columns.rows()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!-- Invented: nobody here exists. -->\n'
        f'<{OPERATION}Reponse xmlns="{namespace(name)}">\n  <total>2</total>\n{records}</{OPERATION}Reponse>\n'
    )


def source(name: str, stream: str, columns: Columns) -> str:
    """source.py: asks the one operation, reads the records from the XML, refuses what the contract does not have."""
    listed = "".join(f'        "{item}",\n' for item in columns.names)
    keys = "".join(f'"{item}", ' for item in columns.key)
    about = "Refuses a field outside the contract and a record without its key."
    return f'''"""Reads {name} over SOAP: one answer a stream. {about}

Made by `passerelle connector new`: when the vendor's WSDL is in contract/, ask its operation here; where it
pages, go on as connectors/systems/avant_garde does.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import polars as pl
from lxml import etree

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit.installation import Installation
from connectors.kit.protocol import Source, Window
from connectors.kit.soap import SoapClient

WSDL = "service.wsdl"
COLUMNS = {{
    "{stream}": (
{listed}    ),
}}
KEYS = {{"{stream}": ({keys.rstrip()})}}


class {class_name(name)}(Source):
    """`options`: ``user``; ``contract``, a folder that replaces contract/."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        folder = Path(installation.options.get("contract", Path(__file__).with_name("contract")))
        self._client = SoapClient(installation, folder / WSDL)

    def read(self, stream: str, window: Window) -> Iterator[pl.DataFrame]:
        """All records, in one frame. Raises as the client does, and ConfigurationError for another contract."""
        answer = self._answer(stream, window)
        rows = [self._row(stream, record) for record in answer.iterchildren("{{*}}{RECORD}")]
        if len(rows) != self._total(stream, answer):
            raise RetryableError(
                f"{{self.installation.system}}/{{stream}}: not as many records as the total. Pull again.",
                f"{{self.installation.system}}/{{stream}} : moins ou plus d'enregistrements que le total."
                " Relancez la lecture.",
            )
        yield pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS[stream], pl.String), orient="row")

    def count(self, stream: str, window: Window) -> int:
        """The total that the service claims now."""
        return self._total(stream, self._answer(stream, window))

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _answer(self, stream: str, window: Window) -> etree._Element:
        return self._client.element("{OPERATION}", flux=stream, annee=window.school_year)

    def _total(self, stream: str, answer: etree._Element) -> int:
        total = answer.findtext("{{*}}total", "")
        return int(total) if total.isdecimal() else self._refuse(stream, "total")

    def _row(self, stream: str, record: etree._Element) -> tuple[str | None, ...]:
        found = {{etree.QName(field).localname: field.text for field in record.iterchildren("*")}}
        for name in found:
            if name not in COLUMNS[stream]:
                self._refuse(stream, name)
        for name in KEYS[stream]:
            if not found.get(name):
                self._refuse(stream, name)
        return tuple(found.get(name) or None for name in COLUMNS[stream])

    def _refuse(self, stream: str, field: str) -> NoReturn:
        raise ConfigurationError(
            f"{{self.installation.system}}/{{stream}}/{{field}}: this field is missing or is not in the contract."
            " Compare contract/ with the supplier's version.",
            f"{{self.installation.system}}/{{stream}}/{{field}} : ce champ manque ou n'est pas au contrat."
            " Comparez contract/ avec la version du fournisseur.",
        )
'''
