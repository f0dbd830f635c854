"""A folder for each vendor, and beside them what several share. An SDK is imported where it is called: to load an
adapter's class costs nothing.
"""
