"""From samples to weights and back to photos."""
