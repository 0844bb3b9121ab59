"""The API as authors and scripts call it: `get_client()`, what it answers, and how to say which things are meant."""
