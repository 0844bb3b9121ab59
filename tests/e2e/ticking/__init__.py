"""An app with one service, which writes down when it is run, for processes that are started for a test."""
