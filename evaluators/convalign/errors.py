"""What can go wrong in a way that a user can mend.

A message says what was found, where, and what would work: ``place: found; what would work``.
The command maps the classes to exit codes in one table (`convalign.cli.EXIT_CODES`).
"""

import re

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class ConvalignError(ValueError):
    """Input that cannot be used as it is; the message says what would work.

    A message is one line. What a file brings into it (names, keys) cannot break the line or steer a terminal:
    control characters stand as their escapes.
    """

    def __str__(self) -> str:
        return _CONTROL.sub(lambda match: repr(match[0])[1:-1], super().__str__())


class UsageError(ConvalignError):
    """A name, option or argument that does not exist or does not fit (exit 2)."""


class LogError(ConvalignError):
    """A dialogue log that cannot be read (exit 3)."""


class AudioError(ConvalignError):
    """A sound file that cannot be read, or not with the given channel map."""


class RubricError(ConvalignError):
    """A rubric file that is not one (exit 3)."""


class StudyError(ConvalignError):
    """A study file that is not one, or arms that may not be compared (exit 3)."""


class RunError(ConvalignError):
    """A run folder that cannot be read, written or continued (exit 3)."""


class MissingExtraError(ConvalignError):
    """A library that an option needs is not installed; the message has the install line."""
