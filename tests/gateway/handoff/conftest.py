"""These tests share a database that each finds empty."""

from tests.school import emptied_hub as hub
from tests.school import one_database

__all__ = ["hub", "one_database"]
