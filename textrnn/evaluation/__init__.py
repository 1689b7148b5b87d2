"""Figures computed from a model's answers, and the linear model to compare with."""
