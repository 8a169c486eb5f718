"""`python -m a2u.site`: see :mod:`a2u.site.build`."""

import sys

from a2u.site.build import main

if __name__ == "__main__":
    sys.exit(main())
