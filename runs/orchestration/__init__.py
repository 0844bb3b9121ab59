"""Which state may follow which. Everything here reads facts and returns values; nothing is written."""
