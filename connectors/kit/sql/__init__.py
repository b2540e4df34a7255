"""Reads the tables of a system: listed columns only, in one read-only snapshot, text out."""

from connectors.kit.sql.declared import SqlSource
from connectors.kit.sql.reader import Reader

__all__ = ["Reader", "SqlSource"]
