"""The handoff to the cégep: who finishes secondary school, what may follow them, one signed document each."""

from gateway.handoff.sending import deliver
from gateway.handoff.service import prepare

__all__ = ["deliver", "prepare"]
