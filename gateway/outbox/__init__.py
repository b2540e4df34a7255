"""What leaves the hub waits here for its partner: in order, at its hours, at its pace, acknowledged once."""

from gateway.outbox.courier import ClosedError, Courier, Sender, Step, WaitingError
from gateway.outbox.queue import put
from gateway.outbox.standing import Standing, standing, waits

__all__ = [
    "ClosedError", "Courier", "Sender", "Standing", "Step", "WaitingError", "put", "standing", "waits",
]  # fmt: skip
