"""What attacks on services need, too."""

from tests.integration.conftest import cheap_hashing as cheap_hashing
