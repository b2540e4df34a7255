"""The gateway: the door in, the dossier store, the door out, and the edges over them."""

from canonical_model.errors import ConfigurationError

__all__ = ["ConfigurationError"]
