"""python run.py --model LSTM --embedding random: see textrnn/cli.py, or add --help."""

import sys

from textrnn.cli import main

if __name__ == "__main__":
    sys.exit(main())
