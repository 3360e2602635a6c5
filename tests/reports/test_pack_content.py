"""What whole packs say: on real policies, on groups too small to be shown, and of names that are programs."""

import html
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import Browser
from reports.packs import findings, make_pack
from small_bank import CLIENTS, write_bank

REPOSITORY = Path(__file__).parents[2]
SCRIPT = "<script>alert(1)</script>"
AS_OF = "2022-01-31"
REPORTS = ("--report", "quality", "--report", "lifecycle")


@pytest.mark.acceptance("eu_savings", part="pack")
def test_findings_of_the_real_policies(shared: Path, acceptance: dict[str, Any], tmp_path: Path) -> None:
    config, raw = REPOSITORY / "examples" / "eu_savings" / "bank.toml", shared / "data" / "eu_savings"
    expected = acceptance["eu_savings"]
    found = findings(make_pack(tmp_path, config, "2008-01-01", "--raw", raw, *REPORTS))["lifecycle.exit_incidence"]
    told = {(r["group"]["reason"], r["months"]): r["value"] for r in found["estimates"] if r["name"] == "incidence"}
    for reason in ("surrender", "claim"):
        for month, value in expected[f"{reason}_by_month"].items():
            assert told[reason, int(month)] == pytest.approx(value, abs=expected["tol"])


@pytest.fixture(scope="module")
def odd_pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack by region: two large regions, one called like a program, and two with a handful of clients."""
    rng = np.random.default_rng(5)
    sizes = {"North": 300, SCRIPT: 240, "Tiny": 4, "Small": 7}
    lines = []
    for region, size in sizes.items():
        for i in range(size):
            left = rng.random() < 0.5
            day = f"2021-{1 + int(rng.integers(12)):02d}-15" if left else ""
            reason = "competitor" if left else ""
            lines.append(f"{SCRIPT}{region}{i},2020-{1 + i % 12:02d}-01,{day},{reason},{region},1960")
    folder = tmp_path_factory.mktemp("odd")
    config = write_bank(folder, {"clients": CLIENTS + "\n".join(lines) + "\n"})
    config.write_text(config.read_text().replace('name = "Small Bank"', f'name = "{SCRIPT}"'))
    return make_pack(folder / "home", config, AS_OF, "--by", "region", "--language", "zh-CN")


def test_small_groups_are_nowhere_in_the_pack(odd_pack: Path) -> None:
    found = findings(odd_pack)
    by_region = [f for name, f in found.items() if name.endswith(".by_region")]
    assert len(by_region) == 3
    shown = {r["group"].get("region") for f in by_region for r in f["estimates"]}
    # The two small regions are 11 clients together: too few exits to stand as the rest, so a large one goes with them.
    assert not shown & {"Tiny", "Small"}
    for path in odd_pack.iterdir():
        text = path.read_text(encoding="utf-8")
        assert "Tiny" not in text, path.name
        assert ">Small<" not in text, path.name


def test_totals_do_not_give_small_groups_back(odd_pack: Path) -> None:
    found = findings(odd_pack)
    total = max(r["n"] for r in found["lifecycle.survival"]["estimates"] if r["n"])
    groups = {
        r["group"]["region"]: r["n"] for r in found["lifecycle.survival.by_region"]["estimates"] if r["n"] is not None
    }
    assert total % 5 == 0
    assert all(n % 5 == 0 for n in groups.values())
    left_over = total - sum(groups.values())
    assert left_over == 0 or left_over >= 10  # never the size of a small group


# All pages in frames of one page, which writes down what became of each: the pages themselves run nothing.
LOOK = """<!DOCTYPE html><meta charset="utf-8"><pre id="seen"></pre>%s<script>
onload = () => {
  const told = [...document.querySelectorAll("iframe")].map(({contentDocument: page}) =>
    [page.location.pathname.split("/").pop(), page.querySelectorAll("script").length, page.body.innerText]);
  document.getElementById("seen").textContent = JSON.stringify(told);
};
</script>"""


def test_names_that_are_programs_are_text_in_every_page(odd_pack: Path, browser: Browser, tmp_path: Path) -> None:
    pages = sorted(odd_pack.glob("*.html"))
    for path in pages:
        source = path.read_text(encoding="utf-8")
        assert "<script" not in source.lower(), path.name
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in source, path.name  # the bank is called so
    look = tmp_path / "look.html"
    frames = "".join(f'<iframe src="{path.as_uri()}"></iframe>' for path in pages)
    look.write_text(LOOK % frames, encoding="utf-8")
    told = re.search(r'<pre id="seen">(.*?)</pre>', browser.dom(look, "--allow-file-access-from-files"), re.S)
    assert told
    seen = json.loads(html.unescape(told[1]))
    assert [name for name, *_ in seen] == [path.name for path in pages]
    for name, scripts, text in seen:
        assert scripts == 0, name
        assert SCRIPT in text, name
    json.loads((odd_pack / "findings.json").read_text(encoding="utf-8"))
