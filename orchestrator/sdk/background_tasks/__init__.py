"""Tasks that outlive their caller: `.delay()`, and who serves them."""
