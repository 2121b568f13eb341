"""Fields of forms, one for each kind of parameter."""
