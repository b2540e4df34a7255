"""The settings of one installation: environment variables ``PASSERELLE_*``, and nothing else.

`passerelle doctor` lists them, the README documents them, a test compares the two. A secret is never
a setting: settings name files. The address of an external PostgreSQL may hold a password; it is not shown.
"""

from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read once by the door that starts the process; passed on as an argument."""

    model_config = SettingsConfigDict(
        env_prefix="PASSERELLE_",
        env_ignore_empty=True,  # PASSERELLE_HOME= would be the folder one happens to stand in
        frozen=True,
        hide_input_in_errors=True,
    )

    home: Path = Field(Path(".passerelle"), description="Folder of everything the hub writes.")
    database_url: str = Field("", repr=False, description="External PostgreSQL; empty: embedded in the home.")
    site: Path | None = Field(None, description="Folder of the site's own files; default <home>/site.")
    master_key_file: Path | None = Field(None, description="Master key; default <home>/keys/master.key.")
    gateway_url: str = Field("http://127.0.0.1:8460", description="Address of the gateway.")
    airflow_port: int = Field(8461, ge=1, le=65535, description="Port of Airflow's UI and API.")
    schedule: str = Field("", description="When Airflow runs the day, as cron; empty: when asked.")
    sandbox_port: int = Field(8470, ge=1, le=65535, description="Port of the simulated systems.")
    day: date | None = Field(
        None, description="Business day of a run; empty: today (of the demonstration: 2026-02-16)."
    )
    lang: Literal["fr", "en"] = Field("fr", description="Words for people.")

    @cached_property
    def root(self) -> Path:
        """The home as an absolute path."""
        return self.home.expanduser().resolve()

    @property
    def site_folder(self) -> Path:
        """Where systems, agreements, clients and accounts of this site are declared."""
        return (self.site or self.root / "site").expanduser().resolve()

    @property
    def keys_folder(self) -> Path:
        """Where the hub keeps the keys it made itself."""
        return self.root / "keys"

    @property
    def master_key_path(self) -> Path:
        """The file of the master key."""
        return (self.master_key_file or self.keys_folder / "master.key").expanduser().resolve()
