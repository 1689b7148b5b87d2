"""What the networks of the memory experiments learn, one file each.

:class:`textrnn.tasks.memory.registry.Problem` says what a file needs.
"""
