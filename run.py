"""python run.py --model LSTM --embedding random: see textrnn/cli, or add --help."""

import sys

from textrnn.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
