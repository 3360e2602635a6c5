"""The bank's questions: one module per report. A topic never imports another topic."""
