"""From a scene to a sample on disk."""
