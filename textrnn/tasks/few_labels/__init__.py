"""Few labels and a heap of texts without: a ladder of ways to use the heap, judged on the labelled rows.

read -> ladder of linear models -> a network that learns from their guesses -> judge -> keep
"""
