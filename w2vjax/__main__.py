"""`python -m w2vjax`."""

import sys

from w2vjax.cli import main

sys.exit(main())
