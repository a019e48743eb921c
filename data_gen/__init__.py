"""The odds workload: generates a copy of a production database at any size, as COPY streams. Knows no server."""

from data_gen.case import Case, PublishedFigure, case_file, case_names, load_case
from data_gen.dataset import Dataset, spec_of
from lab.workload import CopyIn, Statement

__all__ = [
    "Case",
    "CopyIn",
    "Dataset",
    "PublishedFigure",
    "Statement",
    "case_file",
    "case_names",
    "load_case",
    "spec_of",
]
