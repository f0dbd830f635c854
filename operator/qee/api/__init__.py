"""The resource types of qee.dev/v1alpha1 and the names everything agrees on. Imports nothing else of QEE."""
