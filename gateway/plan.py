"""What the day asks of which system. Light: Airflow may read it again and again; it opens nothing."""

from pathlib import Path

from gateway import site


def inbound(folder: Path) -> tuple[str, ...]:
    """Every installed system of the site that is read from, as ``gpi@762000``."""
    known = site.connectors(folder)
    return tuple(
        found.system
        for found in site.installations(folder)
        if known.manifest(found.connector).direction == "inbound"
    )


def boards(folder: Path) -> tuple[str, ...]:
    """Every organisation that has a system to be read, in the order of the site's file."""
    return tuple(dict.fromkeys(system.partition("@")[2] for system in inbound(folder)))
