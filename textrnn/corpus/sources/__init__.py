"""Where data is: names, folders, files, archives, downloads."""
