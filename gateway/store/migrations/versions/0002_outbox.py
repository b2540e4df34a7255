"""the outbox: deliveries that wait for their partner"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False, comment="order within a destination"),
        sa.Column("destination", sa.Text(), nullable=False, comment="installed system: clara@916000"),
        sa.Column("key", sa.Text(), nullable=False, comment="idempotency key: exchange, lot or journal"),
        sa.Column("exchange", sa.Text(), nullable=False, comment="where the content is made from"),
        sa.Column("route", sa.Text(), nullable=False, comment="who makes the content and keeps the receipt"),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="waiting, sending, acknowledged, refused, dead"
        ),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("receipt_number", sa.Text(), nullable=True, comment="the partner's"),
        sa.Column(
            "receipt_digest", postgresql.BYTEA(), nullable=True, comment="SHA-256 of its answer as it came"
        ),
        sa.Column("failure", sa.Text(), nullable=True, comment="code of the error that stopped it last"),
        sa.CheckConstraint(
            "(state = 'acknowledged') = (receipt_number is not null)", name=op.f("ck_outbox_receipted")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("destination", "key", name=op.f("uq_outbox_destination_key")),
    )
    op.create_index(op.f("ix_outbox_exchange"), "outbox", ["exchange"], unique=False)
    op.create_index(
        "ix_outbox_open",
        "outbox",
        ["destination", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'sending')"),
    )
    op.create_table(
        "outbox_destination",
        sa.Column(
            "destination", sa.Text(), nullable=False, comment="its row is locked while one sends to it"
        ),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False, comment="in a row"),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paced_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("destination", name=op.f("pk_outbox_destination")),
    )
