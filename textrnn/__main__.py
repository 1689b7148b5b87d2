"""python -m textrnn: the command line, from any folder."""

import os
import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports ends the program without a traceback

# Of numerical libraries in Intel's Fortran, which would end the program on Ctrl-C in their own way (Windows, conda).
os.environ.setdefault("FOR_DISABLE_CONSOLE_CTRL_HANDLER", "1")

from textrnn.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
