"""The linear model: what it reads of a text, and how its weights are found."""
