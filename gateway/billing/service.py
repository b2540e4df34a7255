"""What the day calls, board by board: charge, post the journal, issue the slips. Each may be called again."""

from gateway.billing.charging import charge
from gateway.billing.issuing import issue_slips
from gateway.billing.ledger import Standing, standing
from gateway.billing.posting import post_journal

__all__ = ["Standing", "charge", "issue_slips", "post_journal", "standing"]
