"""Memory experiments: what recurrence remembers, how gradients explode, what gates do."""
