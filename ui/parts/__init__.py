"""Small parts that all pages share: labels, colours, sentences."""
