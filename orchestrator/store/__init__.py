"""What flows are configured with: variables, blocks and their secrets, and a catalogue of what there is."""
