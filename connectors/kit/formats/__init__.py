"""The formats of files: read as frames of text, written from documents. Knows no system and no mapping.

Format   how a file is read: declared, or guessed from its name for a person at the command line
Layout   how documents are written
"""

from connectors.kit.formats.format import Format, Slice
from connectors.kit.formats.layout import Layout, Place
from connectors.kit.formats.reading import Batches, open_batches
from connectors.kit.formats.writer import Writer
from connectors.kit.formats.writing import write, writer_of

__all__ = [
    "Batches", "Format", "Layout", "Place", "Slice", "Writer", "open_batches", "write", "writer_of",
]  # fmt: skip
