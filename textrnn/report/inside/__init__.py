"""``inside.html``: a trained network on a page that computes by itself, to be watched while it reads."""
