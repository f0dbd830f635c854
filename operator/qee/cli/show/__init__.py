"""A result as text, as a picture or for other programs."""
