"""`python -m w2vjax`."""

import sys

from w2vjax.commands.cli import main

sys.exit(main())
