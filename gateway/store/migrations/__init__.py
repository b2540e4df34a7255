"""Brings a database to the schema of this version of the hub. Never downgrades: a backup does that."""

from pathlib import Path

import sqlalchemy as sa

from canonical_model.errors import ConfigurationError

FOLDER = Path(__file__).parent
_LOCK = 0x50617373  # one migration at a time, whoever starts first


def upgrade(engine: sa.Engine) -> None:
    """Apply what is missing. Raises ConfigurationError when the database is newer than this hub."""
    from alembic import command  # noqa: PLC0415 - 0.2 s, and only needed when something is missing
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    scripts = ScriptDirectory.from_config(config)
    with engine.begin() as connection:
        connection.execute(sa.text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        present = _present(connection)
        if present == scripts.get_current_head():
            return
        if present is not None and present not in {script.revision for script in scripts.walk_revisions()}:
            raise ConfigurationError(
                "database: it was migrated by a newer hub. Install that version, or restore a backup.",
                "base de données : elle vient d'une version plus récente. Installez-la, ou restaurez une copie.",
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _present(connection: sa.Connection) -> str | None:
    if connection.scalar(sa.text("select to_regclass('alembic_version')")) is None:
        return None
    found: str | None = connection.scalar(sa.text("select version_num from alembic_version"))
    return found
