"""One writer per topic: the words, tables and figures for its answers."""
