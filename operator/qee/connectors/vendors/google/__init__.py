"""Google Quantum Engine."""
