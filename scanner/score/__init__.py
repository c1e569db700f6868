"""From what was found to how badly it exposes people, and what follows."""
