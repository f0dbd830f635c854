"""Operators with a fault planted in them, to show that the tests would see it."""
