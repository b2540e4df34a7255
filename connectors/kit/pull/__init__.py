"""Pulls one stream and lands it page by page: killed at any moment and run again, the rows are the source's."""

from connectors.kit.pull.comparing import Changes, Digests, changes
from connectors.kit.pull.landing import Landing
from connectors.kit.pull.pulling import Pulled, incremental, pull

__all__ = ["Changes", "Digests", "Landing", "Pulled", "changes", "incremental", "pull"]
