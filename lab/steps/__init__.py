"""The steps of a trial, one module each; `lab.pipeline` puts them in order."""
