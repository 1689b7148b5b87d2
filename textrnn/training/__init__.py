"""How models learn: the loop, its state, what is learnt and how it is judged."""
