"""python -m textrnn: the command line, from any folder."""

import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports ends the program without a traceback

from textrnn.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
