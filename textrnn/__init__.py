"""textrnn: text classification with recurrent networks, from a file of labelled lines to a model that predicts."""

__version__ = "0.1.0"
