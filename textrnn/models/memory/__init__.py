"""What the memory experiments train, one file each, and what they share."""
