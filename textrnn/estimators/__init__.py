"""textrnn from Python."""
