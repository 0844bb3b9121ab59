"""What is physical: what no server could be better than, measured in turn with both sides."""
