"""Two classifiers on the same texts: whether one is better, or the difference may be chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

NORMAL_QUANTILE = 1.959963984540054  # of 97.5 %
LEVEL = 0.05  # a difference that chance brings about more seldom than this counts


@dataclass(frozen=True)
class PairedComparison:
    """How many texts both answered right, one of them alone, and neither."""

    both: int
    only_first: int
    only_second: int
    neither: int

    @classmethod
    def of(cls, first: ArrayLike, second: ArrayLike) -> PairedComparison:
        """From what each answered right.

        Args:
            first, second: bool, (N,), text by text.
        """
        one, two = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
        counts = [(one & two).sum(), (one & ~two).sum(), (~one & two).sum(), (~one & ~two).sum()]
        return cls(*map(int, counts))

    @property
    def texts(self) -> int:
        """All of them."""
        return self.both + self.only_first + self.only_second + self.neither

    @property
    def p_value(self) -> float:
        """How often chance alone parts two equally good classifiers so far or further (exact, two-sided).

        Source: McNemar 1947; only the texts that one alone answers right say anything.
        """
        from scipy.special import bdtr

        apart = self.only_first + self.only_second
        return min(1.0, 2 * float(bdtr(min(self.only_first, self.only_second), apart, 0.5))) if apart else 1.0

    @property
    def interval(self) -> tuple[float, float]:
        """Where the first's accuracy less the second's lies, with 95 % confidence.

        Source: Bonett & Price 2012, the adjusted Wald interval for paired shares.
        """
        texts = self.texts + 2
        first, second = (self.only_first + 1) / texts, (self.only_second + 1) / texts
        reach = NORMAL_QUANTILE * math.sqrt((first + second - (first - second) ** 2) / texts)
        return max(-1.0, first - second - reach), min(1.0, first - second + reach)

    @property
    def standing(self) -> str:
        """``better``, ``worse`` or ``alike``: the first beside the second."""
        if self.p_value >= LEVEL:
            return "alike"
        return "better" if self.only_first > self.only_second else "worse"

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "network": self.standing,
            "both_right": self.both,
            "only_network_right": self.only_first,
            "only_linear_right": self.only_second,
            "neither_right": self.neither,
            "p_value": self.p_value,
            "difference_interval_95": list(self.interval),
        }
