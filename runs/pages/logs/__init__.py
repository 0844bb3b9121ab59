"""The log of a run: what is asked of it, which lines a page shows, how a line looks, and the whole as a file."""
