"""Readers and containers on bytes that nobody meant for them: targets, seeds made here, findings kept."""
