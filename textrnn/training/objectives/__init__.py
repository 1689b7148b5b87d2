"""For each task: its batches, the loss of a batch, and how a model is evaluated."""
