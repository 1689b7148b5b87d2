"""Figures computed from what a model answered, and the linear model to compare with."""
