"""Files that partners drop and take, and those that a person names. What needs SFTP is imported from its module.

folder, newest, frames, Dropped   a local drop folder with markers, read by a connector's own source
read_any                          any file that a person names
declared.py                       FileSource: a source by the manifest alone
outgoing.py                       FileTarget: drops files for a partner
"""

from connectors.kit.files.dropped import Dropped, folder, frames, newest
from connectors.kit.files.rows import BATCH_ROWS, read_any

__all__ = ["BATCH_ROWS", "Dropped", "folder", "frames", "newest", "read_any"]
