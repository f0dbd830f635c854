"""IonQ's own interface."""
