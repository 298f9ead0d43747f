"""What client and tracker share: values and protocols, without any input or output."""

__version__ = "0.1.0"
