"""The made-up bank: what a newcomer sees first, with a truth the tests can recover."""

from insights.demo.bank import DemoBank, simulate
from insights.demo.extracts.faults import Planted
from insights.demo.law import Law
from insights.demo.write import DemoSummary, write_demo

__all__ = ["DemoBank", "DemoSummary", "Law", "Planted", "simulate", "write_demo"]
