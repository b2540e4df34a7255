"""Files that only their owner may read: written whole or not at all, never half."""

import os
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Put `text` in the file, mode 0600, replacing what was there in one step."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.touch(mode=0o600)
    part.write_text(text, encoding="utf-8")
    part.replace(path)
