"""What clients ask: variables, blocks, collections and where results are stored."""
