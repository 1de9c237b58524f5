"""Use-case rubrics, shipped as data: one JSON file per use case, and their schema."""
