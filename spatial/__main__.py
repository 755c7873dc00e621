"""So that ``python -m spatial`` is the command too."""

import sys

from spatial.cli import main

sys.exit(main())
