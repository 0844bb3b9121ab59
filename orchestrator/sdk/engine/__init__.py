"""One run as a conversation: what the rules ask for, and the two drivers that answer, in threads and in event loops."""
