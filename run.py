"""python run.py --model LSTM --embedding random: see textrnn/cli, or add --help."""

import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports ends the program without a traceback

from textrnn.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
