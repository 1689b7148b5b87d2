"""From a name, folder or file to batches of token ids."""
