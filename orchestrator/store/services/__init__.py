"""Changes to variables and blocks, and what they need: encryption, masking."""
