"""Model folders, written and read: self-contained, versioned, without pickle."""
