"""Every git call: objects and refs only, never the checkout."""
