"""FirstLight's widgets: they start operations and show what comes back."""
