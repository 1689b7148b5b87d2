"""The models of the memory experiments, one file each, and what they share."""
