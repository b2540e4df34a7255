"""Declaration of the 30 September enrolments to the ministry: prepare a lot, transmit it, read its return."""

from gateway.ministry.lots import prepare
from gateway.ministry.returns import ErrorRow, collect, correction, errors
from gateway.ministry.transmission import transmit

__all__ = ["ErrorRow", "collect", "correction", "errors", "prepare", "transmit"]
