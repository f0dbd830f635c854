"""OpenQASM read to steps, once for whoever has no reader of its own that can be trusted: ADR 0015."""
