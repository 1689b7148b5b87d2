"""The parts of models: layers, cells and their steps."""
