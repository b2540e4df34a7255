"""What leaves the hub waits here for its partner: in order, at its hours, at its pace, acknowledged once."""

from gateway.outbox.courier import Courier, Sender, Step, WaitingError
from gateway.outbox.queue import put

__all__ = ["Courier", "Sender", "Step", "WaitingError", "put"]
