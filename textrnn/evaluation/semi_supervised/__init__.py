"""Learning from few labels and many texts without any: linear models over n-grams, as pure functions over arrays."""
