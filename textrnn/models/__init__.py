"""One file per model; :mod:`textrnn.models.registry` finds them."""
