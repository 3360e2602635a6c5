"""A report's page through the interface of nbconvert, for whoever exports notebooks with its tools."""

from typing import Any

from nbconvert.exporters.exporter import Exporter
from nbformat import NotebookNode

from insights.reports.html import ReportContext, render_report


class ReportExporter(Exporter):
    """What ``render_report`` makes: ``ReportExporter(language, context).from_notebook_node(nb)``."""

    def __init__(self, language: str, context: ReportContext, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._language, self._context = language, context
        self.file_extension, self.output_mimetype = ".html", "text/html"

    def from_notebook_node(  # type: ignore[override]  # an exporter returns text; the base class returns the notebook
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return the page and the resources; DisclosureError where a cell shows anything but sealed exhibits."""
        notebook, resources = super().from_notebook_node(nb, resources, **kwargs)
        return render_report(notebook, language=self._language, context=self._context), resources
