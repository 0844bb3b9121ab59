"""Values as text: JSON and hashes."""
