"""What the engines do with each construct, asked of them, for the reference and for the scanner: build time only."""
