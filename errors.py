"""What a user can mend: every error here is one clear sentence that says what to do."""


class RelightError(Exception):
    """Something a user can mend; the panel reports it, the command line prints it and exits 1."""


class SampleError(RelightError):
    """A sample or dataset on disk is missing, incomplete or inconsistent."""


class SceneError(RelightError):
    """A scene, asset pack or light cannot be used as given."""


class RenderError(RelightError):
    """Cycles did not deliver the image that was asked for."""


class ConfigError(RelightError):
    """A recipe or an option has an unknown key, a wrong type or an impossible value."""


class ModelError(RelightError):
    """Weights are missing, damaged or of another format."""


class PhotoError(RelightError):
    """A photo cannot be read, or shows nobody to relight."""


class ExportError(RelightError):
    """A file cannot be written."""
