"""Spark as an engine of convalign: the same kernel, carried to the executors by ``mapInArrow``.

    spark-submit recipes/spark/engine.py LOG -o RUN [--dimensions NAME,...] [--surrogates N] [--resume]

The folder beside RUN must be one that every executor reaches, and each needs the same convalign.
"""

from __future__ import annotations

import argparse
import pickle
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from convalign import logs
from convalign.cli import EXIT_CODES
from convalign.cli.score import exit_code
from convalign.errors import ConvalignError, RunError
from convalign.scale import Task, Work, score_to_run, versions, work_alike
from convalign.scoring import scorers

FIELDS = pa.schema([("number", pa.int64()), ("said", pa.string())])


class Spark:
    """Does tasks on the executors of a session.

    Parameters
    ----------
    session : whoever made it ends it
    """

    def __init__(self, session: SparkSession) -> None:
        self._session = session

    def run(self, tasks: Iterable[Task]) -> Iterator[int]:
        """Numbers of the shards, once all are done."""
        wanted = versions()
        rows = [(task.number, pickle.dumps((task, wanted))) for task in tasks]
        if not rows:
            return
        frame = self._session.createDataFrame(rows, "number long, task binary").repartition(len(rows))
        try:
            done = frame.mapInArrow(shard, "number long, said string").collect()
        except PySparkException as error:
            said = " ".join(str(error).split())[:200]
            raise RunError(f"spark gave up ({said}); go on with --resume") from None
        for row in done:
            if row.said is not None:
                raise RunError(row.said)
            yield row.number

    def close(self) -> None:
        """The session is not ours to end."""


def shard(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Do the tasks of a partition; only places of files travel, and what went wrong in our words."""
    for batch in batches:
        made = [one(task) for task in batch.column("task").to_pylist()]
        yield pa.RecordBatch.from_pylist(made, schema=FIELDS)


def one(packed: bytes) -> dict[str, Any]:
    """Do a task."""
    task, wanted = pickle.loads(packed)
    try:
        return {"number": work_alike(task, wanted), "said": None}
    except ConvalignError as error:
        return {"number": task.number, "said": str(error)}


def main() -> int:
    """Score logs into a run folder, as ``convalign score`` does."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("log", nargs="+")
    options.add_argument("-o", "--output", type=Path, required=True)
    options.add_argument("--dimensions", type=lambda text: text.split(","))
    options.add_argument("--surrogates", type=int)
    options.add_argument("--resume", action="store_true")
    options.add_argument("--force", action="store_true")
    given = options.parse_args()
    chosen = scorers(given.dimensions, {} if given.surrogates is None else {"surrogates": given.surrogates})
    report = logs.Report()
    session = SparkSession.builder.appName("convalign").getOrCreate()
    how = Work(engine=Spark(session), resume=given.resume, force=given.force)
    try:
        _, outcome = score_to_run(
            given.log, given.output, chosen, read=logs.ReadOptions(), report=report, how=how
        )
    except ConvalignError as error:
        print(f"convalign: {error}", file=sys.stderr)
        return EXIT_CODES[type(error)]
    finally:
        session.stop()
    return exit_code(outcome, chosen, named=given.dimensions is not None, skipped=report.skipped_count)


if __name__ == "__main__":
    sys.exit(main())
