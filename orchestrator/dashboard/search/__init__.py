"""`/search?q=`: anything by its name, a part of it, or its identifier; the palette of Ctrl-K asks here too."""
