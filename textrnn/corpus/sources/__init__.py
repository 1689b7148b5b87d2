"""Where data is: names, folders, files, archives, downloads."""

STDIN = "-"  # here, so that the command line knows it without all that opens files
