"""Prices, estimates and budgets. Decimal, never floating point."""
