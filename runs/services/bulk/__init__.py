"""One thing done to many runs: what it takes of each (`deeds`), asked for (`asking`), and worked off (`working`)."""
