"""What can go wrong with a stack, as few exceptions. Each message is whole: what, the value, what to do."""


class DeploymentError(Exception):
    """The base of all errors of a deployment; never raised itself."""


class ConfigurationError(DeploymentError):
    """Raised when what was asked for cannot be a stack; the message holds every fault. Nothing was started."""


class UnfitMachineError(DeploymentError):
    """Raised when this machine lacks something: a port, an engine, a writable directory, disk space."""


class AlreadyRunningError(DeploymentError):
    """Raised when a stack of this name runs already."""


class NoSuchStackError(DeploymentError):
    """Raised when no stack of this name runs."""


class StartError(DeploymentError):
    """Raised when a service died while starting, or was not ready in time; the stack was stopped."""


class ScaleError(DeploymentError):
    """Raised when a new instance did not come up; the stack runs on as it was."""


class StopError(DeploymentError):
    """Raised when a process or a port of a stopped stack is still there."""


class DisturbanceError(DeploymentError):
    """Raised when a fault could not be done to a stack, or the stack did not come back from it."""


class KeyRotationError(DeploymentError):
    """Raised when a new key was not taken by every gateway; the key of before signs on."""


class RoutesError(DeploymentError):
    """Raised when routes were not taken by every gateway; those of before are in force everywhere."""


class DeadLetterError(DeploymentError):
    """Raised when the dead letters of a stack could not be read or changed."""


class StackGoneError(DeploymentError):
    """Raised when the stack has ended in the meantime."""


KINDS: dict[str, type[DeploymentError]] = {
    kind.__name__: kind
    for kind in (
        ConfigurationError,
        UnfitMachineError,
        AlreadyRunningError,
        NoSuchStackError,
        StartError,
        ScaleError,
        DisturbanceError,
        StopError,
        RoutesError,
        StackGoneError,
    )
}
"""By name, so that an error can cross the control socket."""
