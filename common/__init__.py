"""Values and protocols shared by client and tracker, without I/O."""

__version__ = "0.1.0"
