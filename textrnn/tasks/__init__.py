"""Each task strings the pieces together, top to bottom."""
