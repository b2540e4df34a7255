"""`python -m gateway.cli`: the same as `passerelle`, for processes that the hub starts itself."""

import sys

from gateway.cli.main import main

sys.exit(main())
