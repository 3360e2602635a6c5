"""Ten million payments screened for fraud: seconds of the clock and of the processor, and memory at the peak.

The payments are drawn in the engine and written to Parquet first, which is not timed. Timed is what a report does with
them: everything unusual worked out, scores learned, the threshold tested on a past year, today's alerts and the drawn
sample listed. The engine is held to the memory that a bank's snapshot gives it.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import ibis

from insights.data.engine import limits
from insights.data.settings_risk import FraudSection
from insights.models.risk.fraud import Trial, judged, trial_days
from insights.models.risk.payments import screened

TODAY, DAYS = 20_757, 900
MADE = """
COPY (
  WITH drawn AS (
    SELECT i, hash(i) % 1000003 / 1000003.0 AS a, hash(i + 1000000007) % 1000003 / 1000003.0 AS b,
           hash(i + 2000000011) % 1000003 / 1000003.0 AS c, hash(i + 3000000019) % 1000003 / 1000003.0 AS d,
           hash(i * 7 + 13) % 1000 < 4 AS stolen
    FROM range({n}) AS rows(i)
  )
  SELECT 'e_' || i AS transactions_id, 'c_' || client AS client_id, day AS booked_on, 'payment' AS kind, amount,
         channel, counterparty, CASE WHEN seen THEN CASE WHEN stolen THEN 'fraud' ELSE 'cleared' END END AS label,
         CASE WHEN seen THEN day + (20 + (60 * d)::INTEGER) END AS labelled_on
  FROM (
    SELECT *, (a * {n} / 50)::BIGINT AS client, DATE '1970-01-01' + ({today} - (b * {days})::INTEGER) AS day,
           (-round(exp(4 + 1.2 * (c + d + a * 1000 % 1 - 1.5) * 2 + CASE WHEN stolen THEN 2 ELSE 0 END), 2))
             ::DECIMAL(18, 2) AS amount,
           CASE WHEN stolen THEN 'app' WHEN d < 0.6 THEN 'online' ELSE 'app' END AS channel,
           CASE WHEN stolen THEN 'm_' || (b * 5000)::BIGINT
                WHEN c < 0.7 THEN 'p_' || (a * {n} / 50)::BIGINT || '_' || (d * 6)::BIGINT
                ELSE 's_' || (d * d * 20000)::BIGINT END AS counterparty,
           CASE WHEN stolen THEN c < 0.8 ELSE c < 0.002 END AS seen
    FROM drawn
  )
) TO '{path}' (FORMAT parquet)
"""


def main(n: int) -> None:
    """Print what ``n`` payments cost."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "payments.parquet"
        ibis.duckdb.connect().raw_sql(MADE.format(n=n, today=TODAY, days=DAYS, path=path))
        con = ibis.duckdb.connect()
        for limit in limits(Path(folder)):
            con.raw_sql(limit)
        rules = FraudSection(analysts=10, cases_per_day=12, case_cost=30, maturation_days=90)
        begun, spent = time.perf_counter(), time.process_time()
        cells = screened(con, con.read_parquet(path), rules, days := trial_days(TODAY, rules))
        counted = time.perf_counter()
        found = judged(cells, rules, days)
        done, used = time.perf_counter(), time.process_time()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{n:,} payments of {found.clients:,} clients in {cells.rows['cell'].nunique():,} cells")
        print(f"screened in the engine {counted - begun:8.1f} s")
        print(f"scored and tested      {done - counted:8.1f} s")
        print(f"together               {done - begun:8.1f} s, {used - spent:.1f} s of the processor, {peak:.2f} GiB")
        if isinstance(found.trial, Trial):
            told = found.trial
            print(f"alerts {len(told.alerts):,}, confirmed {told.confirmed.value:.3f}, area {told.area.value:.3f}")
        else:
            print(f"not tested: {found.trial.reason}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 10_000_000)
