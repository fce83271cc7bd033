"""`python -m roundhouse`: the command line."""

import sys

from roundhouse.cli.main import main

sys.exit(main())
