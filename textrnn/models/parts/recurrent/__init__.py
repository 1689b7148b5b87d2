"""Recurrent cells, one a file, with one interface (``cell.py``); SRN and LSTM are in ``visible_cells.py``."""
