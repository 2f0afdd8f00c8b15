"""``python -m crossmodal.cli`` is the same as ``crossmodal``."""

import sys

from crossmodal.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
