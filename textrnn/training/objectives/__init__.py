"""What can be learnt: for each task, its batches, the loss of one, and how a model is judged."""
