"""`/`: how everything does, and what needs somebody."""
