"""This package beside what people write or use instead, on the same work; not part of the package."""
