"""Changes to variables and blocks, and what they need: checksums, encryption, masking."""
