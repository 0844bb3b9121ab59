"""Why a run does not run: facts are read in a few queries, and pure functions make the causes of them."""
