"""The whole day runs in small worlds."""

from tests.world import new_world

__all__ = ["new_world"]
