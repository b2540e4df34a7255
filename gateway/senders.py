"""Every route that delivers through the outbox, for the doors that send whatever waits."""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.billing import posting, slip_sending
from gateway.handoff import sending
from gateway.ministry import transmission
from gateway.outbox.courier import Sender

SENDERS: Mapping[str, Sender] = MappingProxyType(
    {**sending.SENDERS, **transmission.SENDERS, **posting.SENDERS, **slip_sending.SENDERS}
)
