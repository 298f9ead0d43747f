"""`python -m client`: see `client.app`."""

from __future__ import annotations

import sys

from client.app import main

if __name__ == "__main__":
    sys.exit(main())
