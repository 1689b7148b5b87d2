"""Training: the loop, its state, the objectives."""
