"""What a sentence asks for: which event, when, where."""
