"""What models are made of: layers, cells and their steps."""
