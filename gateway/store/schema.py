"""The tables of the hub, in SQLAlchemy Core. Migrations are Alembic's; a test compares the two.

Money is integer cents. Days are dates, moments are timestamps with time zone. A version of a
resource is never changed: `recorded_to` is set once, when a newer version or an end replaces it.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, UUID

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=NAMING)


def _moment(name: str, *, required: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=not required)


day_run = sa.Table(
    "day_run",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="Airflow's run id, or the command line's"),
    sa.Column("day", sa.Date, nullable=False, comment="business day"),
    sa.Column("school_year", sa.Integer, nullable=False),
    sa.Column("tax_year", sa.Integer, nullable=False),
    sa.Column("report", JSONB, comment="the counts, once the run is closed"),
    _moment("started_at"),
)

exchange = sa.Table(
    "exchange",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="idempotency key: run, route, organisation"),
    sa.Column("run", sa.Text, nullable=False, index=True, comment="the day's run it belongs to"),
    sa.Column("route", sa.Text, nullable=False, comment="intake, handoff, ministry, erp"),
    sa.Column("system", sa.Text, nullable=False, comment="gpi@762000"),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("day", sa.Date, nullable=False, comment="business day"),
    sa.Column("state", sa.Text, nullable=False, comment="started, landed, mapped, done, failed"),
    sa.Column("counts", JSONB, nullable=False, server_default="{}"),
    sa.Column("digest", BYTEA, comment="SHA-256 of what was landed or sent"),
    sa.Column("receipt", JSONB),
    sa.Column("failure", JSONB, comment="code and sentences of the error that stopped it"),
    _moment("started_at"),
    _moment("ended_at", required=False),
)

person = sa.Table(
    "person",
    metadata,
    sa.Column("id", UUID(as_uuid=False), primary_key=True),
    sa.Column("exchange", sa.Text, nullable=False, comment="the exchange that first spoke of them"),
    _moment("recorded_at"),
)

person_identifier = sa.Table(
    "person_identifier",
    metadata,
    sa.Column("system", sa.Text, primary_key=True, comment="code-permanent, fiche:762000"),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("person", UUID(as_uuid=False), sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("exchange", sa.Text, nullable=False),
)

resource_version = sa.Table(
    "resource_version",
    metadata,
    sa.Column("resource", sa.Text, primary_key=True, comment="Student, Enrolment …"),
    sa.Column("key", sa.Text, primary_key=True, comment="system and the source's own key"),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("person", UUID(as_uuid=False), sa.ForeignKey("person.id"), nullable=False),
    sa.Column("section", sa.Text, nullable=False),
    sa.Column("organization", sa.Text, nullable=False),
    sa.Column("document", JSONB, comment="ordinary sections"),
    sa.Column("sealed", BYTEA, comment="sensitive and restricted sections, AES-256-GCM"),
    sa.Column("digest", BYTEA, nullable=False, comment="keyed digest of the canonical document"),
    sa.Column("valid_from", sa.Date, comment="true in the world from; null: not said"),
    sa.Column("valid_to", sa.Date),
    _moment("recorded_from"),
    _moment("recorded_to", required=False),
    sa.Column("exchange", sa.Text, nullable=False),
    sa.Column("place", JSONB, nullable=False, comment="canonical_model.provenance.Place"),
    sa.CheckConstraint("(document is null) <> (sealed is null)", name="one_content"),
)
sa.Index(
    "ix_resource_version_current",
    resource_version.c.resource,
    resource_version.c.key,
    unique=True,
    postgresql_where=resource_version.c.recorded_to.is_(None),
)
sa.Index(
    "ix_resource_version_person",
    resource_version.c.person,
    resource_version.c.section,
    postgresql_where=resource_version.c.recorded_to.is_(None),
)

section_key = sa.Table(
    "section_key",
    metadata,
    sa.Column("person", UUID(as_uuid=False), primary_key=True),
    sa.Column("section", sa.Text, primary_key=True),
    sa.Column("wrapped", BYTEA, nullable=False, comment="the section's key, sealed by the master key"),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("system", sa.Text, nullable=False),
    sa.Column("stream", sa.Text, nullable=False),
    sa.Column("row", sa.Integer, nullable=False),
    sa.Column("row_key", sa.Text, nullable=False, comment="the source's own key of the row"),
    sa.Column("column", sa.Text, nullable=False, server_default=""),
    sa.Column("resource", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("mapping", sa.Text, nullable=False),
    sa.Column("exchange", sa.Text, nullable=False, comment="the last exchange that met it"),
    sa.Column("batch", sa.Text, nullable=False, comment="landed batch: the record itself is there"),
    _moment("first_at"),
    _moment("last_at"),
    _moment("mended_at", required=False),
    sa.UniqueConstraint("system", "stream", "row_key", "resource", "column", "rule"),
)

evidence_entry = sa.Table(
    "evidence_entry",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("body", sa.Text, nullable=False, comment="canonical JSON, exactly what was hashed"),
    sa.Column("hash", BYTEA, nullable=False),
    sa.Column("person", UUID(as_uuid=False), index=True, comment="copied from body, for finding"),
    sa.Column("kind", sa.Text, nullable=False, comment="copied from body, for finding"),
)

evidence_head = sa.Table(
    "evidence_head",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hash", BYTEA, nullable=False),
    sa.Column("merkle_root", BYTEA, nullable=False),
    sa.Column("signed_at", sa.Text, nullable=False),
    sa.Column("signature", BYTEA, nullable=False),
)

consent_withdrawal = sa.Table(
    "consent_withdrawal",
    metadata,
    sa.Column("consent", sa.Text, primary_key=True, comment="key of the Consent resource"),
    sa.Column("day", sa.Date, nullable=False, comment="from this day the consent no longer holds"),
    _moment("recorded_at"),
)

decision = sa.Table(
    "decision",
    metadata,
    sa.Column("exchange", sa.Text, primary_key=True, comment="exchange, or http:<request>"),
    sa.Column("person", UUID(as_uuid=False), primary_key=True),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("fields", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("marker", sa.Text, nullable=False),
    sa.Column("content_digest", BYTEA, comment="of the document; null for a refusal"),
    _moment("delivered_at", required=False),
)

declaration = sa.Table(
    "declaration",
    metadata,
    sa.Column("number", sa.Text, primary_key=True, comment="lot and transaction number, given by the hub"),
    sa.Column("exchange", sa.Text, nullable=False, index=True),
    sa.Column("person", UUID(as_uuid=False), nullable=False),
    sa.Column("resource_key", sa.Text, nullable=False, comment="key of the declared Enrolment"),
    sa.Column("modifies", sa.Text, comment="number of the accepted creation that is modified"),
    sa.Column("content_digest", BYTEA, nullable=False, comment="keyed; the same is not sent twice"),
    sa.Column("release_digest", BYTEA, nullable=False, comment="what the door released: it knows it again"),
    sa.Column(
        "sealed", BYTEA, nullable=False, comment="what it says, and the released records it is made of"
    ),
    sa.Column("origin", JSONB, nullable=False, comment="Place of each declared record, by resource"),
    _moment("prepared_at"),
    sa.Column("state", sa.Text, nullable=False, comment="prepared, accepted, corrected, rejected"),
    sa.Column("error_code", sa.Text),
    sa.Column("error_field", sa.Text, comment="field of the ministry contract"),
    sa.Column("correction", BYTEA, comment="the value that the ministry kept instead, sealed"),
    sa.Column("place", JSONB, comment="the source cell of that field: system, stream, row, key, column"),
    sa.UniqueConstraint("exchange", "resource_key"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True, comment="order within a destination"),
    sa.Column("destination", sa.Text, nullable=False, comment="installed system: clara@916000"),
    sa.Column("key", sa.Text, nullable=False, comment="idempotency key: exchange, lot or journal"),
    sa.Column("exchange", sa.Text, nullable=False, index=True, comment="where the content is made from"),
    sa.Column("route", sa.Text, nullable=False, comment="who makes the content and keeps the receipt"),
    sa.Column("state", sa.Text, nullable=False, comment="waiting, sending, acknowledged, refused, dead"),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    _moment("queued_at"),
    _moment("first_try_at", required=False),
    _moment("last_try_at", required=False),
    _moment("next_try_at"),
    _moment("deadline_at"),
    sa.Column("receipt_number", sa.Text, comment="the partner's"),
    sa.Column("receipt_digest", BYTEA, comment="SHA-256 of its answer as it came"),
    sa.Column("failure", sa.Text, comment="code of the error that stopped it last"),
    sa.UniqueConstraint("destination", "key"),
    sa.CheckConstraint("(state = 'acknowledged') = (receipt_number is not null)", name="receipted"),
)
sa.Index(
    "ix_outbox_open",
    outbox.c.destination,
    outbox.c.id,
    postgresql_where=outbox.c.state.in_(("waiting", "sending")),
)

outbox_destination = sa.Table(
    "outbox_destination",
    metadata,
    sa.Column("destination", sa.Text, primary_key=True, comment="its row is locked while one sends to it"),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0", comment="in a row"),
    _moment("blocked_until", required=False),
    _moment("paced_until", required=False),
)

journal = sa.Table(
    "journal",
    metadata,
    sa.Column(
        "number", sa.Text, primary_key=True, comment="the hub's number; the idempotency key at the ERP"
    ),
    sa.Column("exchange", sa.Text, nullable=False),
    sa.Column("organization", sa.Text, nullable=False, index=True),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("debit_cents", sa.BigInteger, nullable=False),
    sa.Column("credit_cents", sa.BigInteger, nullable=False),
    sa.Column(
        "content", sa.Text, nullable=False, comment="canonical JSON as delivered; sent again unchanged"
    ),
    sa.Column("receipt", sa.Text, comment="the ERP's number; null until posted"),
    sa.CheckConstraint("debit_cents = credit_cents", name="balanced"),
)

ledger_entry = sa.Table(
    "ledger_entry",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("organization", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False, comment="child, payer, month and fee; or receipt and channel"),
    sa.Column("event", sa.Text, nullable=False, comment="invoice, credit_note, payment, reversal"),
    sa.Column("detail", sa.Text, nullable=False, comment="fee class, or payment channel"),
    sa.Column("cents", sa.BigInteger, nullable=False, comment="above zero: the event gives the direction"),
    sa.Column("exchange", sa.Text, nullable=False),
    sa.Column("journal", sa.Text, sa.ForeignKey("journal.number"), index=True, comment="null: to be posted"),
    sa.CheckConstraint("cents > 0", name="above_zero"),
)
sa.Index("ix_ledger_entry_key", ledger_entry.c.organization, ledger_entry.c.key)

slip_number = sa.Table(
    "slip_number",
    metadata,
    sa.Column("year", sa.Integer, primary_key=True),
    sa.Column("series", sa.Text, primary_key=True, comment="rl24:first-last, or file:transmitter"),
    sa.Column("last", sa.BigInteger, nullable=False, comment="last number given; never lowered"),
)

slip = sa.Table(
    "slip",
    metadata,
    sa.Column("year", sa.Integer, primary_key=True),
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, primary_key=True, comment="R, A or D; a D has the number that it cancels"),
    sa.Column("organization", sa.Text, nullable=False),
    sa.Column("payer", sa.Text, nullable=False, comment="daycare's number of the payer"),
    sa.Column("sequence", sa.Integer, nullable=False, comment="1 for the payer's first slip of the year"),
    sa.Column("batch", sa.Integer, nullable=False, comment="the board's nth issue of the year"),
    sa.Column("file", sa.Text, nullable=False, comment="the XML file that it is in"),
    sa.Column("replaces", sa.Text, comment="on an A: the previous number"),
    sa.Column("c_cents", sa.BigInteger, nullable=False),
    sa.Column("d_cents", sa.BigInteger, nullable=False),
    sa.Column("e_cents", sa.BigInteger, nullable=False),
    sa.Column("content_digest", BYTEA, nullable=False, comment="keyed digest of the opened content"),
    sa.Column("sealed", BYTEA, nullable=False, comment="the slip as issued, with SIN; it cannot change"),
    sa.Column("exchange", sa.Text, nullable=False),
    _moment("written_at", required=False),
    sa.CheckConstraint("e_cents = c_cents - d_cents and d_cents >= 0 and e_cents >= 0", name="boxes"),
    sa.UniqueConstraint("organization", "year", "payer", "sequence"),
)
