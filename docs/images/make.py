"""Makes the pictures of the READMEs and docs/ anew: ``python docs/images/make.py``, or some: ``make.py curves gates``.

Each is a plot that a command of the program leaves, with fewer colours, so that it is small.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

IMAGES = Path(__file__).resolve().parent
PROGRAM = IMAGES.parents[1] / "run.py"
# The command after `python run.py`, the folder that it leaves below saved_dict, and the plots taken from there.
MADE_BY = [
    ("--model LSTM --embedding random", "headlines/LSTM", {"confusion": "confusion_normalised", "curves": "curves"}),
    ("--task lm --corpus story --epochs 16", "story/lm_LSTM", {"perplexity": "perplexity"}),
    (
        "--task memory --model LSTM SRN ResidualSRN --seeds 5",
        "memory/lengths_LSTM+SRN+ResidualSRN",
        {"lengths": "accuracy"},
    ),
    ("--task memory --experiment gates", "memory/gates_LSTM", {"gates": "gates"}),
    ("--task memory --experiment explosion", "memory/explosion_SRN", {"gradients": "gradients"}),
]
COLOURS = 96


def main(names: list[str]) -> None:
    """Make those that are named, or all."""
    for command, folder, plots in MADE_BY:
        wanted = {name: plot for name, plot in plots.items() if not names or name in names}
        if not wanted:
            continue
        with tempfile.TemporaryDirectory() as place:
            subprocess.run([sys.executable, str(PROGRAM), *command.split(), "--quiet"], cwd=place, check=True)
            for name, plot in wanted.items():
                with Image.open(Path(place) / "saved_dict" / folder / f"{plot}.png") as picture:
                    few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
                few.save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
