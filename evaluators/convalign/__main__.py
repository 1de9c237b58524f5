"""``python -m convalign`` is the command."""

import sys

from convalign.cli import main

sys.exit(main())
