"""What the README of the SOAP package lists is what the package has."""

import re

from connectors.kit import soap
from tests.connectors.soap.conftest import CONTRACT

README = CONTRACT.parents[3] / "connectors" / "kit" / "soap" / "README.md"


def test_every_file_of_the_package_is_documented_and_no_other() -> None:
    listed = set(re.findall(r"^\| `([a-z0-9_]+\.py)` \|", README.read_text("utf-8"), re.MULTILINE))
    held = {path.name for path in README.parent.glob("*.py") if path.name != "__init__.py"}

    assert held == listed


def test_every_option_that_the_package_reads_is_documented() -> None:
    told = README.read_text("utf-8")
    read: set[str] = set()
    for path in README.parent.glob("*.py"):
        read |= set(re.findall(r'options(?:\.get\(|\[)"([a-z_]+)"', path.read_text("utf-8")))

    assert read >= {"port", "user", "password_type"}
    assert [] == sorted(name for name in read if f"options.{name}" not in told)


def test_the_public_names_are_those_that_connectors_use() -> None:
    assert {"Answer", "Authentication", "SoapClient", "SoapFaultError"} == set(soap.__all__)
