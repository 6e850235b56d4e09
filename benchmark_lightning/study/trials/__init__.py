"""Kinds of trial: a network that trains, a classical method that is fitted; ``kinds`` says what one more needs."""
